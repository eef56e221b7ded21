"""Both sides of the lines of reports: a process that is asked for one cell after another.

``python -m bench.reports_worker EVENTS PEOPLE`` in a fresh data folder; see ``bench.reports``.
"""

import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import django
import duckdb
import pyarrow as pa

from bench.workers import answer_cells, say

__all__ = ["main"]

TODAY = datetime.now(UTC).date()
MONDAY = TODAY - timedelta(days=TODAY.weekday(), weeks=18)
BEGIN = datetime(MONDAY.year, MONDAY.month, MONDAY.day, tzinfo=UTC)
DAYS = 120
FIRST = MONDAY + timedelta(weeks=5)
LAST = FIRST + timedelta(weeks=12, days=-1)
NOW = BEGIN + timedelta(days=125)
ROLLED, FROM_EVENTS = "UTC", "Africa/Lagos"
AHEAD = "INTERVAL 1 HOUR"
"""Lagos is an hour ahead of UTC all year; days other than UTC's are not rolled up."""
STEPS = "user.registered,profile.completed,message.sent,purchase.completed"

EVENTS = """
CREATE TABLE people AS SELECT * REPLACE (user_id::UUID AS user_id) FROM given_people;
CREATE TABLE events AS
    WITH drawn AS (
        SELECT number, ((hash(number) % 1000000) / 1000000.0) AS who,
               ((hash(number * 3) % 1000000) / 1000000.0) AS moment,
               (['screen_viewed', 'screen_viewed', 'screen_viewed', 'message.sent', 'message.sent',
                 'session_started', 'profile.completed', 'purchase.completed', 'call.ended',
                 'sign_in'])[(1 + hash(number * 7) % 10)::BIGINT] AS name
        FROM range($events) AS numbers(number)
    ), happened AS (
        SELECT uuid() AS event_id, user_id, name,
               date_trunc('milliseconds', registered_at + to_microseconds(
                   (power(moment, 1.5) * epoch_us($until::TIMESTAMP - registered_at))::BIGINT))
                   AS "at"
        FROM drawn JOIN people ON place = floor(power(who, 2) * $people)::BIGINT
        UNION ALL
        SELECT uuid(), user_id, 'user.registered', registered_at FROM people
    ), apart AS (
        -- No two of one person at one instant, whose order the plain query does not know.
        SELECT min(event_id) AS event_id, user_id, "at", max(name) AS name
        FROM happened GROUP BY user_id, "at"
    )
    SELECT event_id, user_id, name, "at", NULL::VARCHAR AS session_id,
           CASE name
               WHEN 'screen_viewed' THEN concat('{"screen":"', (['home', 'people', 'chats', 'chat',
                   'wallet'])[(1 + hash("at") % 5)::BIGINT], '"}')
               WHEN 'message.sent' THEN '{"kind":"text","first":false}'
               WHEN 'purchase.completed' THEN concat('{"amount_minor":', (['9900', '19900',
                   '49900'])[(1 + hash("at") % 3)::BIGINT], ',"currency":"INR","credits":100,',
                   '"provider":"stripe","package":"small"}')
               WHEN 'call.ended' THEN concat('{"media":"audio","seconds":', hash("at") % 900,
                   ',"reason":"ended","credits":', hash("at") % 15, '}')
               ELSE '{}' END AS props,
           TRUE AS activity, 'web' AS platform, "at"::DATE AS day
    FROM apart ORDER BY day, user_id, "at", event_id;
"""
OF_DAY = """
SELECT event_id::VARCHAR AS event_id, user_id::VARCHAR AS user_id, name,
       "at" AT TIME ZONE 'UTC' AS "at", '' AS session_id, props, activity, platform,
       day::VARCHAR AS day
FROM events WHERE day = ?
"""
ACTIVE = f"""
WITH active AS (
    SELECT DISTINCT ("at" + {{ahead}})::DATE AS day, user_id FROM events
    WHERE activity AND "at" + {{ahead}} >= '{FIRST - timedelta(days=27)}'
      AND "at" + {{ahead}} < '{LAST + timedelta(days=1)}'
), days AS (
    SELECT unnest(generate_series(DATE '{FIRST}', DATE '{LAST}', INTERVAL 1 DAY))::DATE AS day
)
SELECT days.day, count(*) FILTER (active.day = days.day),
       count(DISTINCT user_id) FILTER (active.day > days.day - 7), count(DISTINCT user_id)
FROM days JOIN active ON active.day BETWEEN days.day - 27 AND days.day
GROUP BY days.day ORDER BY days.day
"""
RETENTION = f"""
WITH started AS (
    SELECT user_id, date_trunc('week', registered_at + {{ahead}})::DATE AS cohort FROM people
    WHERE registered_at + {{ahead}} >= '{FIRST}'
      AND registered_at + {{ahead}} < '{LAST + timedelta(days=1)}'
), active AS (
    SELECT DISTINCT user_id, date_trunc('week', "at" + {{ahead}})::DATE AS week FROM events
    WHERE activity AND "at" + {{ahead}} >= '{FIRST}'
)
SELECT cohort, (week - cohort) // 7 AS n, count(*)
FROM started JOIN active USING (user_id)
WHERE week >= cohort AND (week - cohort) // 7 <= 12 GROUP BY cohort, n ORDER BY cohort, n
"""


def _next_step(n: int, name: str) -> str:
    times = ", ".join(f"at_{one}" for one in range(1, n))
    return f"""
        step_{n} AS (
            SELECT before.user_id, {times}, min("at") AS at_{n}
            FROM step_{n - 1} AS before LEFT JOIN (
                SELECT user_id, "at" FROM events WHERE name = '{name}'
            ) AS next ON next.user_id = before.user_id AND "at" > at_{n - 1}
                AND "at" <= at_1 + INTERVAL 7 DAYS
            GROUP BY ALL
        )
    """


def _funnel() -> str:
    first, *others = STEPS.split(",")
    steps = ", ".join(_next_step(n, name) for n, name in enumerate(others, 2))
    times = "epoch_ms(at_{}) - epoch_ms(at_{})"
    ranks = ", ".join(
        f"quantile_disc({times.format(n, n - 1)}, {q})" for n in (2, 3, 4) for q in (0.5, 0.9)
    )
    return f"""
        WITH step_1 AS (
            SELECT user_id, min("at") AS at_1 FROM events
            WHERE name = '{first}' AND "at" >= '{FIRST}' AND "at" < '{LAST + timedelta(days=1)}'
            GROUP BY user_id
        ), {steps}
        SELECT count(at_1), count(at_2), count(at_3), count(at_4), {ranks} FROM step_4
    """


class Reports:
    """The same events twice: in one table of DuckDB, and as day files of ours."""

    def __init__(self, events: int, people: int) -> None:
        from django.conf import settings

        from analytics.people import write_people

        self.table = duckdb.connect(
            str(settings.DATA_DIR / "table.duckdb"),
            config={
                "memory_limit": f"{settings.ANALYTICS_MEMORY_MB}MB",
                "threads": settings.ANALYTICS_THREADS,
            },
        )
        say(f"makes {people:,} people")
        self.table.register("given_people", _people(people))
        say(f"makes {events:,} events")
        until = BEGIN + timedelta(days=DAYS)
        create_people, create_events = EVENTS.split(";")[:2]
        self.table.execute(create_people)
        self.table.execute(
            create_events, {"events": events, "people": people, "until": until.replace(tzinfo=None)}
        )
        say("writes the files of days")
        self._write_days()
        say("writes the file of people")
        write_people(datetime.now(UTC))
        self.answers: dict[str, Any] = {}

    def _write_days(self) -> None:
        from analytics.services.days import day_row, switch, write_day
        from pairly.core import clock

        for (day,) in self.table.execute("SELECT DISTINCT day FROM events ORDER BY 1").fetchall():
            row, now = day_row(day, clock.now()), clock.now()
            added = self.table.sql(OF_DAY, params=[day]).to_arrow_table()
            switch(row, write_day(row, added=added), now=now)

    def _timed(self, part: str, ask: Callable[[], Any]) -> dict[str, Any]:
        started = time.perf_counter()
        answer = ask()
        seconds = time.perf_counter() - started
        if self.answers.setdefault(part, answer) != answer:
            raise AssertionError(f"{part}: the figures differ")
        return {"seconds": seconds}

    def _hand_written(self, name: str, part: str, query: str) -> dict[str, Any]:
        return self._timed(name, lambda: TOLD[part](self.table.execute(query).fetchall()))

    def _ours(self, name: str, part: str, kind: str, zone: str, **query: str) -> dict[str, Any]:
        from analytics.reports.asking import asked_of
        from analytics.reports.selectors import run
        from analytics.reports.serializers import fields_of

        days = {"first": f"{FIRST}", "last": f"{LAST}", "timezone": ZoneInfo(zone).key}
        asked = asked_of(kind, fields_of(kind, days | query), NOW)
        return self._timed(name, lambda: READ[part](run(asked).rows))

    # Cells

    def table_active(self, _count: int) -> dict[str, Any]:
        if "active rolled" not in self.answers:
            self._hand_written("active rolled", "active", ACTIVE.format(ahead="INTERVAL 0 HOUR"))
        return self._hand_written("active", "active", ACTIVE.format(ahead=AHEAD))

    def events_active(self, _count: int) -> dict[str, Any]:
        return self._ours("active", "active", "active-users", FROM_EVENTS)

    def rolled_active(self, _count: int) -> dict[str, Any]:
        return self._ours("active rolled", "active", "active-users", ROLLED)

    def table_retention(self, _count: int) -> dict[str, Any]:
        if "retention rolled" not in self.answers:
            query = RETENTION.format(ahead="INTERVAL 0 HOUR")
            self._hand_written("retention rolled", "retention", query)
        return self._hand_written("retention", "retention", RETENTION.format(ahead=AHEAD))

    def events_retention(self, _count: int) -> dict[str, Any]:
        return self._ours("retention", "retention", "cohorts", FROM_EVENTS, **WEEKS)

    def rolled_retention(self, _count: int) -> dict[str, Any]:
        return self._ours("retention rolled", "retention", "cohorts", ROLLED, **WEEKS)

    def table_funnel(self, _count: int) -> dict[str, Any]:
        return self._hand_written("funnel", "funnel", _funnel())

    def events_funnel(self, _count: int) -> dict[str, Any]:
        return self._ours("funnel", "funnel", "funnels", ROLLED, steps=STEPS)


WEEKS = {"cohort": "week", "period": "week", "periods": "12"}
TOLD: dict[str, Callable[[Any], Any]] = {
    "active": lambda rows: [(f"{row[0]}", *row[1:]) for row in rows],
    "retention": lambda rows: [(f"{row[0]}", str(row[1]), row[2]) for row in rows],
    "funnel": lambda rows: [*rows[0][:4], *(value / 1000 for value in rows[0][4:])],
}
READ: dict[str, Callable[[Any], Any]] = {
    "active": lambda rows: [(f"{row['day']}", row["dau"], row["wau"], row["mau"]) for row in rows],
    "retention": lambda rows: [
        (f"{row['cohort']}", row["n"], row["retained"]) for row in rows if row["retained"]
    ],
    "funnel": lambda rows: [
        *(row["people"] for row in rows),
        *(row[name] for row in rows[1:] for name in ("median_seconds", "p90_seconds")),
    ],
}


def _people(count: int) -> pa.Table:
    """Registered all through the days, stored as people are."""
    from pairly.accounts.models import User
    from pairly.core.ids import first_id_at

    step = timedelta(days=DAYS) / count
    rows = [
        User(
            pk=first_id_at(at),
            email=f"{number}@example.org",
            password="!",
            display_name="Somebody",
            birth_date=date(1990, 1, 1),
            created_at=at,
            last_active_at=at,
        )
        for number in range(count)
        for at in [BEGIN + timedelta(milliseconds=(number * step) // timedelta(milliseconds=1))]
    ]
    User.objects.bulk_create(rows, batch_size=1000)
    return pa.table(
        {
            "place": list(range(count)),
            "user_id": [row.pk.hex for row in rows],
            "registered_at": pa.array(
                [row.created_at.replace(tzinfo=None) for row in rows], pa.timestamp("us")
            ),
        }
    )


def main() -> None:
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    reports = Reports(int(sys.argv[1]), int(sys.argv[2]))
    answer_cells(
        *(reports.table_active, reports.events_active, reports.rolled_active),
        *(reports.table_retention, reports.events_retention, reports.rolled_retention),
        *(reports.table_funnel, reports.events_funnel),
    )


if __name__ == "__main__":
    main()
