"""A DuckDB connection as ``open_reports`` gives it, over events written by hand."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import duckdb
import orjson
import pyarrow as pa

__all__ = ["Happened", "Registered", "at", "frames", "person"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event."""

    user_id: UUID
    name: str
    at: datetime
    event_id: UUID
    props: dict[str, Any] = field(default_factory=dict)
    activity: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """Somebody."""

    user_id: UUID
    at: datetime
    country: str = ""
    platform: str = ""


def person(number: int) -> UUID:
    return UUID(int=number)


def at(text: str) -> datetime:
    """``2026-03-01`` or ``2026-03-01 12:30``, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@contextmanager
def frames(
    events: Iterable[Happened], people: Iterable[Registered] = ()
) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": 2}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("raw_events", _events(list(events)))
        connection.register("raw_people", _people(list(people)))
        connection.execute(VIEWS)
        yield connection


VIEWS = """
CREATE TABLE events AS SELECT * REPLACE (event_id::UUID AS event_id, user_id::UUID AS user_id),
    "at"::DATE AS day FROM raw_events;
CREATE TABLE people AS SELECT * REPLACE (user_id::UUID AS user_id) FROM raw_people;
CREATE VIEW daily_activity AS SELECT DISTINCT day, user_id FROM events WHERE activity;
CREATE VIEW daily_counts AS
    SELECT day, name, count(*) AS events, count(DISTINCT user_id) AS users
    FROM events GROUP BY day, name;
CREATE TABLE erasures (day DATE, people BIGINT);
"""
TIME = pa.timestamp("us")


def _events(rows: list[Happened]) -> pa.Table:
    return pa.table(
        {
            "event_id": pa.array([str(row.event_id) for row in rows], pa.string()),
            "user_id": pa.array([str(row.user_id) for row in rows], pa.string()),
            "name": pa.array([row.name for row in rows], pa.string()),
            "at": pa.array([_naive(row.at) for row in rows], TIME),
            "session_id": pa.array([None for _row in rows], pa.string()),
            "props": pa.array([orjson.dumps(row.props).decode() for row in rows], pa.string()),
            "activity": pa.array([row.activity for row in rows], pa.bool_()),
            "platform": pa.array(["" for _row in rows], pa.string()),
        }
    )


def _people(rows: list[Registered]) -> pa.Table:
    return pa.table(
        {
            "user_id": pa.array([str(row.user_id) for row in rows], pa.string()),
            "registered_at": pa.array([_naive(row.at) for row in rows], TIME),
            "country": pa.array([row.country for row in rows], pa.string()),
            "platform": pa.array([row.platform for row in rows], pa.string()),
        }
    )


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
