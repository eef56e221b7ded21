"""Who people are, as far as reports divide them."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID

import duckdb
import pyarrow as pa
from django.conf import settings

from analytics import files
from analytics.engine import connect, show_files
from analytics.models import Erasure, PeopleFile
from analytics.rows import ERASED
from pairly.accounts.selectors import countable_among, countable_people, staff_ids
from pairly.core.db import run_atomic
from pairly.core.ids import first_id_at

__all__ = [
    "counted_among",
    "forget_in_file",
    "is_counted",
    "known_people",
    "newest_people_file",
    "write_people",
]

_SCHEMA: Final = pa.schema(
    [
        ("user_id", pa.string()),
        ("registered_at", pa.timestamp("us", tz="UTC")),
        ("country", pa.string()),
        ("platform", pa.string()),
    ]
)
COLUMNS: Final = "user_id UUID, registered_at TIMESTAMP, country VARCHAR, platform VARCHAR"
NEW: Final = """
CREATE TABLE new_people AS
    SELECT user_id::UUID AS user_id, registered_at AT TIME ZONE 'UTC' AS registered_at, country,
           platform
    FROM people_rows
"""
PEOPLE: Final = """
CREATE VIEW people AS SELECT user_id, registered_at, country, platform FROM filed_people
    WHERE user_id NOT IN (FROM uncounted)
    UNION ALL FROM new_people WHERE user_id NOT IN (SELECT user_id FROM filed_people)
"""
MARGIN: Final = timedelta(minutes=5)
"""Longer than any transaction that makes people, and than clocks differ."""


def known_people(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the view ``people`` of ``frames``: the newest file, less those who have become staff or
    have gone since, and those who came since."""
    newest = newest_people_file()
    since = newest.created_at - MARGIN if newest else None
    show_files(connection, "filed_people", [newest.file] if newest else [], COLUMNS)
    connection.execute("CREATE TABLE uncounted (user_id UUID)")
    if uncounted := _uncounted_since(since) if since else []:
        connection.executemany("INSERT INTO uncounted VALUES (?)", uncounted)
    _show_new(connection, first_id_at(since) if since else None)
    connection.execute(PEOPLE)


def write_people(now: datetime) -> int:
    """Write everybody into a file anew; how many they are."""
    with connect() as connection:
        _show_new(connection, None)
        return _written(connection, "FROM new_people", now)


def forget_in_file(user_ids: Collection[UUID]) -> None:
    """Write the newest file anew without these people; again it changes nothing."""
    newest = newest_people_file()
    if newest is None:
        return
    with connect() as connection:
        show_files(connection, "filed_people", [newest.file], COLUMNS)
        connection.execute("CREATE TABLE gone AS SELECT unnest(?::UUID[]) AS id", [list(user_ids)])
        is_there = "SELECT count(*) FROM filed_people WHERE user_id IN (FROM gone)"
        if connection.execute(is_there).fetchall() != [(0,)]:
            others = "FROM filed_people WHERE user_id NOT IN (FROM gone)"
            _written(connection, others, newest.created_at)


def _written(connection: duckdb.DuckDBPyConnection, query: str, known_at: datetime) -> int:
    """``known_at``: of what moment these people are."""
    name = files.people_file()
    with TemporaryDirectory(dir=files.scratch()) as folder:
        path = Path(folder) / "people"
        connection.sql(query).write_parquet(str(path), compression="zstd")
        connection.read_parquet(str(path)).create_view("written")
        ((count,),) = connection.execute("SELECT count(*) FROM written").fetchall()
        files.store(name, path)
    run_atomic(lambda: PeopleFile.objects.create(file=name, people=count, created_at=known_at))
    return int(count)


def newest_people_file() -> PeopleFile | None:
    return PeopleFile.objects.order_by("-id").first()


def _show_new(connection: duckdb.DuckDBPyConnection, after: UUID | None) -> None:
    batches = pa.RecordBatchReader.from_batches(_SCHEMA, _batches(after))
    connection.register("people_rows", batches)
    connection.execute(NEW)


def _uncounted_since(since: datetime) -> list[list[UUID]]:
    gone = Erasure.objects.filter(requested_at__gte=since).values_list("pk", flat=True)
    return [[user_id] for user_id in {*gone, *staff_ids()}]


def is_counted(user: Any) -> bool:
    """Neither staff nor a test person nor deleted."""
    return not (user.is_staff or user.deleted_at or _is_test_address(user.email))


def counted_among(user_ids: Collection[UUID]) -> set[UUID]:
    """Those of them who are counted. One bulk read."""
    rows = countable_among(user_ids)
    return {user_id for user_id, email in rows.items() if not _is_test_address(email)}


def _is_test_address(email: str) -> bool:
    return email.rpartition("@")[2] in settings.ANALYTICS_TEST_EMAIL_DOMAINS


def _batches(after: UUID | None) -> Iterator[pa.RecordBatch]:
    for people in countable_people(after):
        erased = {one for (one,) in ERASED.select("id", [person[0] for person in people])}
        rows = [
            person[:4]
            for person in people
            if person[0] not in erased and not _is_test_address(person[4])
        ]
        columns = zip(*rows, strict=True) if rows else [()] * len(_SCHEMA)
        arrays = [pa.array(c, field.type) for c, field in zip(columns, _SCHEMA, strict=True)]
        yield pa.record_batch(arrays, schema=_SCHEMA)
