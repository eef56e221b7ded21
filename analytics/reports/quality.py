"""How messages and calls go, by period."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from analytics.reports.spans import Span
from analytics.reports.sql import (
    Connection,
    Json,
    day_text,
    in_span,
    local_day,
    period_text,
    properties_text,
    ratio,
    rows_of,
)

__all__ = ["calling", "messaging"]

NOT_CARRIED: Final = ("dropped", "failed")
"""Reasons of calls that ended because something did not work."""
GRADES: Final = ("good", "fair", "poor")


def messaging(connection: Connection, span: Span, *, interval: str) -> list[Json]:
    """Days of UTC are rolled up."""
    span = span.whole(interval)
    if interval == "day" and span.is_utc:
        found = _messages_of_days(connection, span)
    else:
        found = _messages_of_periods(connection, span, interval)
    rows = []
    for period in _begun(span, interval):
        messages, senders, conversations = found.get(period, (0, 0, 0))
        rows.append(
            {
                "period": period,
                "messages": messages,
                "senders": senders,
                "messages_per_sender": ratio(messages, senders),
                "conversations": conversations,
                "complete": span.is_period_over(period, interval),
            }
        )
    return rows


def _messages_of_days(connection: Connection, span: Span) -> dict[date, tuple[int, int, int]]:
    counts = rows_of(
        connection,
        f"""
        SELECT day, coalesce(sum(events) FILTER (name = 'message.sent'), 0)::BIGINT,
               coalesce(sum(users) FILTER (name = 'message.sent'), 0)::BIGINT,
               coalesce(sum(events) FILTER (name = 'conversation.opened'), 0)::BIGINT
        FROM daily_counts WHERE day BETWEEN {day_text(span.first)} AND {day_text(span.last)}
        GROUP BY day
        """,
    )
    return {day: (messages, senders, opened) for day, messages, senders, opened in counts}


def _messages_of_periods(
    connection: Connection, span: Span, interval: str
) -> dict[date, tuple[int, int, int]]:
    return _by_period(
        connection,
        span,
        interval,
        ("message.sent", "conversation.opened"),
        """
        count(*) FILTER (name = 'message.sent'),
        count(DISTINCT user_id) FILTER (name = 'message.sent'),
        count(*) FILTER (name = 'conversation.opened')
        """,
    )


def calling(connection: Connection, span: Span, *, interval: str) -> list[Json]:
    """``connected`` calls had media on both sides; ``broken`` ended because something did not work.
    ``median_seconds`` and ``p90_seconds`` are of connected calls; the grades are of what devices
    reported of calls."""
    span = span.whole(interval)
    seconds = "told[1]::BIGINT"
    ended = "name = 'call.ended'"
    connected = f"{ended} AND {seconds} > 0"
    broken = ", ".join(f"'{reason}'" for reason in NOT_CARRIED)
    grades = ", ".join(
        f"count(*) FILTER (name = 'call.quality' AND told[3] = '{grade}')" for grade in GRADES
    )
    found = _by_period(
        connection,
        span,
        interval,
        ("call.ended", "call.quality"),
        f"""
        count(*) FILTER ({ended}), count(*) FILTER ({connected}),
        count(*) FILTER ({ended} AND told[2] IN ({broken})),
        quantile_disc({seconds}, 0.5) FILTER ({connected}),
        quantile_disc({seconds}, 0.9) FILTER ({connected}), {grades}
        """,
        ("seconds", "reason", "grade"),
    )
    rows = []
    for period in _begun(span, interval):
        calls, connects, breaks, median, p90, *graded = found.get(
            period, (0, 0, 0, None, None, 0, 0, 0)
        )
        rows.append(
            {
                "period": period,
                "calls": calls,
                "connected": connects,
                "connect_rate": ratio(connects, calls),
                "broken": breaks,
                "broken_rate": ratio(breaks, calls),
                "median_seconds": median,
                "p90_seconds": p90,
                **dict(zip(GRADES, graded, strict=True)),
                "complete": span.is_period_over(period, interval),
            }
        )
    return rows


def _begun(span: Span, interval: str) -> list[date]:
    return [period for period in span.periods(interval) if span.midnight(period) <= span.now]


def _by_period(
    connection: Connection,
    span: Span,
    interval: str,
    names: tuple[str, str],
    columns: str,
    properties: Sequence[str] = (),
) -> dict[date, Any]:
    """``columns`` may speak of ``told``, the texts of the properties."""
    told = properties_text(*properties) if properties else "NULL"
    found = rows_of(
        connection,
        f"""
        WITH happened AS (
            SELECT {period_text(local_day(span), interval)} AS period, name, user_id,
                   {told} AS told
            FROM events WHERE name IN {names} AND {in_span(span)}
        )
        SELECT period, {columns} FROM happened GROUP BY period
        """,
    )
    return {row[0]: row[1:] for row in found}
