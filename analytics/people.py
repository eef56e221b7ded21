"""Who people are, as far as reports divide them."""

from collections.abc import Collection, Iterator
from typing import Any, Final
from uuid import UUID

import duckdb
import pyarrow as pa
from django.conf import settings

from pairly.accounts.selectors import countable_among, countable_people

__all__ = ["counted_among", "is_counted", "known_people"]

_SCHEMA: Final = pa.schema(
    [
        ("user_id", pa.string()),
        ("registered_at", pa.timestamp("us", tz="UTC")),
        ("country", pa.string()),
    ]
)
PEOPLE: Final = """
CREATE TABLE people AS
    SELECT user_id::UUID AS user_id, registered_at AT TIME ZONE 'UTC' AS registered_at, country,
           NULL::VARCHAR AS gender, '' AS platform
    FROM people_rows
"""


def known_people(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table ``people`` of ``frames``."""
    connection.register("people_rows", pa.RecordBatchReader.from_batches(_SCHEMA, _batches()))
    connection.execute(PEOPLE)


def is_counted(user: Any) -> bool:
    """Neither staff nor a test person nor deleted."""
    return not (user.is_staff or user.deleted_at or _is_test_address(user.email))


def counted_among(user_ids: Collection[UUID]) -> set[UUID]:
    """Those of them who are counted. One bulk read."""
    rows = countable_among(user_ids)
    return {user_id for user_id, email in rows.items() if not _is_test_address(email)}


def _is_test_address(email: str) -> bool:
    return email.rpartition("@")[2] in settings.ANALYTICS_TEST_EMAIL_DOMAINS


def _batches() -> Iterator[pa.RecordBatch]:
    for people in countable_people():
        rows = [person[:3] for person in people if not _is_test_address(person[3])]
        columns = zip(*rows, strict=True) if rows else [()] * len(_SCHEMA)
        arrays = [pa.array(c, field.type) for c, field in zip(columns, _SCHEMA, strict=True)]
        yield pa.record_batch(arrays, schema=_SCHEMA)
