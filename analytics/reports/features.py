"""What people use, where they come from, and what one of them did."""

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from analytics.reports.spans import ONE_DAY, Span, shift
from analytics.reports.sql import (
    UNKNOWN,
    Connection,
    Json,
    active_days,
    in_span,
    local_day,
    period_text,
    property_text,
    ratio,
    rows_of,
    value_text,
)

__all__ = ["ACTIVATION_DAYS", "ACTIVATION_EVENT", "acquisition", "features", "usage"]

FEATURES_MAX: Final = 50
ACTIVATION_EVENT: Final = "message.sent"
ACTIVATION_DAYS: Final = 7
STREAK_DAYS_MAX: Final = 90


def features(
    connection: Connection, span: Span, *, event: str = "", property: str = ""
) -> list[Json]:
    """A row for each event, or for each value of a property of one event, the most used first; the
    50 first of them. ``share`` is how many of the people active in these days used it."""
    active = rows_of(connection, f"SELECT count(DISTINCT user_id) FROM ({active_days(span)})")[0][0]
    found = (
        _used_values(connection, span, event, property)
        if property
        else _used(connection, span, event)
    )
    return [
        {
            "feature": feature,
            "events": events,
            "users": users,
            "share": ratio(users, active),
            "events_per_user": ratio(events, users),
            "complete": span.is_over(span.last),
        }
        for feature, events, users in found
    ]


def _used(connection: Connection, span: Span, event: str) -> list[tuple[str, int, int]]:
    """Each person is a row of bits, one a kind of event."""
    wanted, texts = ("name = $event", {"event": event}) if event else ("TRUE", {})
    times = dict(
        rows_of(
            connection,
            f"SELECT name, count(*) FROM events WHERE {wanted} AND {in_span(span)} GROUP BY name",
            **texts,
        )
    )
    if not times:
        return []
    names = sorted(times)
    cases = " ".join(f"WHEN $name_{n} THEN {n}" for n in range(len(names)))
    users = rows_of(
        connection,
        f"""
        WITH people_bits AS (
            SELECT bit_or(1::HUGEINT << (CASE name {cases} END)::INTEGER) AS bits
            FROM events WHERE {wanted} AND {in_span(span)} GROUP BY user_id
        ), alike AS (SELECT bits, count(*) AS people FROM people_bits GROUP BY bits)
        SELECT n, sum(people)::BIGINT FROM alike, unnest(range({len(names)})) AS places(n)
        WHERE bits & (1::HUGEINT << n::INTEGER) <> 0 GROUP BY n
        """,
        **texts,
        **{f"name_{n}": name for n, name in enumerate(names)},
    )
    found = [(names[n], times[names[n]], people) for n, people in users]
    return sorted(found, key=lambda one: (-one[2], -one[1], one[0]))[:FEATURES_MAX]


def _used_values(
    connection: Connection, span: Span, event: str, property: str
) -> list[tuple[str, int, int]]:
    return rows_of(
        connection,
        f"""
        SELECT coalesce({property_text(property)}, '{UNKNOWN}') AS value, count(*) AS times,
               count(DISTINCT user_id) AS users
        FROM events WHERE name = $event AND {in_span(span)}
        GROUP BY value ORDER BY users DESC, times DESC, value LIMIT {FEATURES_MAX}
        """,
        event=event,
    )


def acquisition(connection: Connection, span: Span, *, interval: str, by: str = "") -> list[Json]:
    """Who registered in each period, and how many of them wrote their first message within seven
    times 24 hours (``activated``). ``complete`` once that time is over for everybody."""
    span = span.whole(interval)
    found = rows_of(
        connection,
        f"""
        WITH first_time AS (
            SELECT user_id, min("at") AS first_at FROM events WHERE name = $event GROUP BY user_id
        )
        SELECT {period_text(local_day(span, "registered_at"), interval)} AS period,
               {value_text(by)} AS value, count(*),
               count(*) FILTER (first_at < registered_at + INTERVAL {ACTIVATION_DAYS} DAYS)
        FROM people LEFT JOIN first_time ON first_time.user_id = people.user_id
        WHERE {in_span(span, "registered_at")} GROUP BY period, value
        """,
        event=ACTIVATION_EVENT,
    )
    counts = {(period, value): (people, activated) for period, value, people, activated in found}
    values = sorted({value for _period, value in counts}) or [""]
    return [
        _acquired(span, interval, period, value, *counts.get((period, value), (0, 0)))
        for period in span.periods(interval)
        if span.midnight(period) <= span.now
        for value in values
    ]


def _acquired(
    span: Span, interval: str, period: date, value: str, people: int, activated: int
) -> Json:
    end = span.midnight(shift(period, interval, 1))
    is_over = end + timedelta(days=ACTIVATION_DAYS) <= span.now
    return {
        "period": period,
        "value": value,
        "registered": people,
        "activated": activated,
        "activation_rate": ratio(activated, people) if is_over else None,
        "complete": is_over,
    }


def usage(connection: Connection, span: Span, user_id: UUID) -> Json:
    """One person's own: on which days they were active, how many in a row up to today or
    yesterday (``streak_days``), and what they did how often."""
    days = rows_of(
        connection,
        f"""
        SELECT DISTINCT {local_day(span)} AS day FROM events
        WHERE user_id = $user_id AND activity AND {in_span(span)} ORDER BY day
        """,
        user_id=user_id,
    )
    counts = rows_of(
        connection,
        f"""
        SELECT name, count(*) AS times FROM events WHERE user_id = $user_id AND {in_span(span)}
        GROUP BY name ORDER BY times DESC, name
        """,
        user_id=user_id,
    )
    active = [day for (day,) in days]
    return {
        "first": span.first,
        "last": span.last,
        "active_days": len(active),
        "last_active": active[-1] if active else None,
        "streak_days": _streak(set(active), span.today),
        "events": [{"name": name, "events": times} for name, times in counts],
    }


def _streak(active: set[Any], today: date) -> int:
    day = today if today in active else today - ONE_DAY
    length = 0
    while day in active:
        day, length = day - ONE_DAY, length + 1
    return length
