"""What reports read: the files of days and the rows not yet in one, each event exactly once.

``open_reports`` gives a DuckDB connection of its own with these views and tables. Days are of UTC;
the ids are UUIDs, ``at`` is UTC without a zone, to the millisecond (a word of DuckDB's own: write
``"at"`` or ``events.at``).

=================  ===============================================================================
``events``         ``event_id``, ``user_id``, ``name``, ``at``, ``session_id`` (or NULL), ``props``
                   (JSON text), ``activity``, ``platform`` (may be empty), ``day``
``daily_activity`` ``day``, ``user_id``: one row for each person who was active on that day
``daily_counts``   ``day``, ``name``, ``events``, ``users``
``people``         ``user_id``, ``registered_at``, ``country`` and ``platform`` (what they
                   registered on; both may be empty); neither staff nor test people nor the deleted
``erasures``       ``day``, ``people``: how many people's events were there and are gone
=================  ===============================================================================

The two daily ones are exact: of a day whose events are all in its file they are its roll-ups, of
any other they are made of its events.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import duckdb

from analytics.engine import EVENT_COLUMNS, PENDING, connect, show_files
from analytics.models import Day
from analytics.people import known_people
from analytics.rows import EVENTS, arrow_of
from pairly.core.db import snapshot
from pairly.core.table import Row

__all__ = ["open_reports"]

ONE_DAY: Final = timedelta(days=1)
ACTIVITY_COLUMNS: Final = "day DATE, user_id UUID"
COUNT_COLUMNS: Final = "day DATE, name VARCHAR, events BIGINT, users BIGINT"
VIEWS: Final = """
CREATE VIEW events AS FROM moved_events UNION ALL FROM pending;
CREATE VIEW open_events AS FROM moved_open_events UNION ALL FROM pending;
CREATE VIEW daily_activity AS
    SELECT day, user_id FROM moved_activity
    UNION ALL
    SELECT DISTINCT day, user_id FROM open_events WHERE activity;
CREATE VIEW daily_counts AS
    SELECT day, name, events, users FROM moved_counts
    UNION ALL
    SELECT day, name, count(*), count(DISTINCT user_id) FROM open_events GROUP BY day, name;
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database said at one moment."""

    days: Sequence[Day]
    pending: list[Row]


@contextmanager
def open_reports(
    first_day: date, last_day: date, *, timezone: str = "UTC"
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The views above, over the days of a range, both ends included.

    For a time zone other than UTC a day more on either side is there, so that each of its days is
    whole. Memory and threads are bounded by ``ANALYTICS_MEMORY_MB`` and ``ANALYTICS_THREADS``.
    Must not be called inside a transaction.
    """
    margin = timedelta(0) if timezone == "UTC" else ONE_DAY
    stored = _stored(first_day - margin, last_day + margin)
    with connect() as connection:
        _show(connection, stored)
        known_people(connection)
        yield connection


def _stored(first_day: date, last_day: date) -> Stored:
    """Both at one moment: an event is pending or in its day's file, never both, never neither."""
    wanted = [first_day + n * ONE_DAY for n in range((last_day - first_day).days + 1)]
    with snapshot():
        days = list(Day.objects.filter(day__range=(first_day, last_day)).order_by("day"))
        pending = EVENTS.select("pending_day", [day.isoformat() for day in wanted])
    return Stored(days, pending)


def _show(connection: duckdb.DuckDBPyConnection, stored: Stored) -> None:
    connection.register("pending_rows", arrow_of(stored.pending))
    pending_days = {row[-1] for row in stored.pending}
    open_days = [day for day in stored.days if day.day.isoformat() in pending_days]
    closed = [day for day in stored.days if day.day.isoformat() not in pending_days]
    for view, files_of_days, columns in (
        ("moved_events", [day.events_file for day in stored.days], EVENT_COLUMNS),
        ("moved_open_events", [day.events_file for day in open_days], EVENT_COLUMNS),
        ("moved_activity", [day.activity_file for day in closed], ACTIVITY_COLUMNS),
        ("moved_counts", [day.counts_file for day in closed], COUNT_COLUMNS),
    ):
        show_files(connection, view, [name for name in files_of_days if name], columns)
    connection.execute(PENDING)
    connection.execute(VIEWS)
    connection.execute("CREATE TABLE erasures (day DATE, people BIGINT)")
    erased = [[day.day, day.erased_people] for day in stored.days if day.erased_people]
    if erased:
        connection.executemany("INSERT INTO erasures VALUES (?, ?)", erased)
