"""A day's files written anew, and the switch to them.

Nothing of a day is ever changed in place. New files are stored first; then one transaction
switches the day's row to them, by its version, and says so of the rows that are in them now. Killed
before it, the new files are garbage; killed after it, the old ones are.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID

import duckdb
import pyarrow as pa
from django.db import IntegrityError

from analytics import files
from analytics.engine import EVENT_COLUMNS, PENDING, connect, show_files
from analytics.models import Day, Event
from pairly.core.db import change_one, run_atomic

__all__ = ["Overtaken", "Written", "day_row", "switch", "write_day", "write_rollups"]

MARKED_AT_ONCE: Final = 5000
ROW_GROUP_EVENTS: Final = 8192
"""Small, and sorted by name, so that a report about some kinds of events skips the others."""
EVENTS_OF_DAY: Final = """
SELECT * FROM (
    FROM old UNION ALL FROM pending WHERE event_id NOT IN (SELECT event_id FROM old)
) WHERE user_id NOT IN (FROM gone)
ORDER BY name, user_id, "at", event_id
"""
ACTIVITY_OF_DAY: Final = (
    "SELECT DISTINCT day, user_id FROM day_events WHERE activity ORDER BY user_id"
)
COUNTS_OF_DAY: Final = """
SELECT day, name, count(*) AS events, count(DISTINCT user_id) AS users FROM day_events
GROUP BY day, name ORDER BY name
"""
TOTALS: Final = """
SELECT count(*), count(DISTINCT user_id) FILTER (WHERE activity) FROM day_events
"""


class Overtaken(Exception):
    """Somebody else changed the day or its rows meanwhile; nothing was switched."""


@dataclass(frozen=True, slots=True)
class Written:
    """Values of a day's row. Without events there are no files."""

    events_file: str = ""
    activity_file: str = ""
    counts_file: str = ""
    rollups_sha256: str = ""
    events: int = 0
    people: int = 0


def day_row(day: date, now: datetime) -> Day:
    """The day's row, made where it is missing."""
    found = Day.objects.filter(day=day).first()
    if found is not None:
        return found
    try:
        return run_atomic(lambda: Day.objects.create(day=day, changed_at=now))
    except IntegrityError:
        return Day.objects.get(day=day)


def write_day(day: Day, *, added: pa.Table, without: Collection[UUID] = ()) -> Written:
    """Store files with the day's events and the added ones (``rows.arrow_of``), less those of some
    people. An event that is in the day's file already is not added."""
    with _bench() as (connection, folder):
        show_files(connection, "old", [day.events_file] if day.events_file else [], EVENT_COLUMNS)
        connection.register("pending_rows", added)
        connection.execute(PENDING)
        connection.execute("CREATE TABLE gone (user_id UUID)")
        if without:
            connection.executemany("INSERT INTO gone VALUES (?)", [[one] for one in without])
        path = folder / "events"
        connection.sql(EVENTS_OF_DAY).write_parquet(
            str(path), compression="zstd", row_group_size=ROW_GROUP_EVENTS
        )
        connection.read_parquet(str(path)).create_view("day_events")
        return _stored(connection, day.day, folder)


def write_rollups(day: Day) -> Written:
    """Store the roll-ups of the day's file, made from nothing but that file."""
    with _bench() as (connection, folder):
        show_files(connection, "day_events", [day.events_file], EVENT_COLUMNS)
        return _stored(connection, day.day, folder, events_file=day.events_file)


@contextmanager
def _bench() -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A connection of one thread, whose files come out the same each time, and a folder."""
    with connect() as connection, TemporaryDirectory(dir=files.scratch()) as folder:
        connection.execute("SET threads = 1")
        yield connection, Path(folder)


def _stored(
    connection: duckdb.DuckDBPyConnection, day: date, folder: Path, *, events_file: str = ""
) -> Written:
    ((events, people),) = connection.execute(TOTALS).fetchall()
    if not events:
        return Written()
    sha256, names = hashlib.sha256(), {}
    for kind, query in (("activity", ACTIVITY_OF_DAY), ("counts", COUNTS_OF_DAY)):
        connection.sql(query).write_parquet(str(folder / kind), compression="zstd")
        sha256.update((folder / kind).read_bytes())
        names[kind] = files.day_file(day, kind)
    if not events_file:
        names["events"] = files.day_file(day, "events")
    for kind, name in names.items():
        files.store(name, folder / kind)
    return Written(
        events_file=events_file or names["events"],
        activity_file=names["activity"],
        counts_file=names["counts"],
        rollups_sha256=sha256.hexdigest(),
        events=events,
        people=people,
    )


def switch(
    day: Day,
    written: Written,
    *,
    now: datetime,
    moved: Sequence[str] = (),
    deleted: Sequence[UUID] = (),
    erased_people: int = 0,
) -> None:
    """Let the day be what was written, and its rows say so: those ``moved`` (ids in hex) are in
    its file now, those ``deleted`` are gone. Raises ``Overtaken``."""
    changes = asdict(written) | {
        "version": day.version + 1,
        "changed_at": now,
        "erased_people": day.erased_people + erased_people,
    }
    pending = Event.objects.filter(pending_day=day.day.isoformat())

    def change() -> None:
        if not change_one(Day.objects.filter(pk=day.pk, version=day.version), **changes):
            raise Overtaken
        marked = sum(pending.filter(pk__in=ids).update(pending_day="") for ids in _parts(moved))
        gone = sum(Event.objects.filter(pk__in=ids).delete()[0] for ids in _parts(deleted))
        if (marked, gone) != (len(moved), len(deleted)):
            raise Overtaken

    run_atomic(change)


def _parts(ids: Sequence[Any]) -> list[Sequence[Any]]:
    return [ids[n : n + MARKED_AT_ONCE] for n in range(0, len(ids), MARKED_AT_ONCE)]
