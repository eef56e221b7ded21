"""Who was active: by day and in the days before, how that changes, and who stays away."""

from datetime import date
from typing import Final

from analytics.reports.spans import ONE_DAY, Span, period_of, shift
from analytics.reports.sql import (
    Connection,
    Json,
    active_days,
    day_text,
    local_day,
    period_text,
    periods_between,
    ratio,
    rows_of,
    values_text,
)

__all__ = ["Counts", "active_users", "churn", "counts_by_period", "growth"]

WEEK_DAYS: Final = 7
MONTH_DAYS: Final = 28
"""Four weeks, so that no month is longer and none has more Sundays than another."""
DAYS_AT_ONCE: Final = 90
PERIODS_AT_ONCE: Final = 120
"""With the days before them they fit into the 127 bits of a HUGEINT that is not negative."""

Counts = dict[date, tuple[int, int, int]]
"""By period: how many were active, were so in the one before as well, and are new."""


def active_users(connection: Connection, span: Span) -> list[Json]:
    """``dau`` on each day, ``wau`` and ``mau`` in the 7 and 28 days that end with it, each person
    once; ``stickiness`` is ``dau`` by ``mau``."""
    rows = []
    for first in list(span.days())[::DAYS_AT_ONCE]:
        part = span.moved(first, min(first + (DAYS_AT_ONCE - 1) * ONE_DAY, span.last))
        rows += _active_users(connection, part)
    return rows


def _active_users(connection: Connection, span: Span) -> list[Json]:
    """Each person is a row of bits, one a day, so that a window is one comparison."""
    begin = span.first - (MONTH_DAYS - 1) * ONE_DAY
    windows = values_text([_window(day, begin) for day in span.days()])
    found = rows_of(
        connection,
        f"""
        WITH people_bits AS (
            SELECT bit_or(1::HUGEINT << (day - {day_text(begin)})::INTEGER) AS bits
            FROM ({active_days(span.moved(begin, span.last))}) GROUP BY user_id
        ), windows (day, of_day, of_week, of_month) AS (VALUES {windows})
        SELECT day, count(*) FILTER (bits & of_day <> 0), count(*) FILTER (bits & of_week <> 0),
               count(*) FILTER (bits & of_month <> 0)
        FROM windows, people_bits GROUP BY day
        """,
    )
    counts = {day: (dau, wau, mau) for day, dau, wau, mau in found}
    return [_active_row(span, day, *counts.get(day, (0, 0, 0))) for day in span.days()]


def _window(day: date, begin: date) -> list[str]:
    """The bits of a day, of the seven and of the 28 that end with it."""
    place = (day - begin).days
    masks = [((1 << days) - 1) << (place - days + 1) for days in (1, WEEK_DAYS, MONTH_DAYS)]
    return [day_text(day), *(f"{mask}::HUGEINT" for mask in masks)]


def _active_row(span: Span, day: date, dau: int, wau: int, mau: int) -> Json:
    return {
        "day": day,
        "dau": dau,
        "wau": wau,
        "mau": mau,
        "stickiness": ratio(dau, mau),
        "complete": span.is_over(day),
    }


def counts_by_period(connection: Connection, span: Span, *, interval: str) -> Counts:
    """Active, active in the period before as well, and new; the period before the first too."""
    first = shift(period_of(span.first, interval), interval, -1)
    periods = span.moved(first, span.last).periods(interval)
    counts: Counts = {}
    for begin in range(0, len(periods), PERIODS_AT_ONCE):
        part = periods[max(begin - 1, 0) : begin + PERIODS_AT_ONCE]
        counts = _counts_of(connection, span, interval, part) | counts
    return counts


def _counts_of(connection: Connection, span: Span, interval: str, periods: list[date]) -> Counts:
    """Each person is a row of bits, one a period. Of the first, who was active before it is not
    known."""
    last = min(shift(periods[-1], interval, 1) - ONE_DAY, span.today)
    seen = span.moved(periods[0], last)
    place = periods_between(day_text(periods[0]), "day", interval)
    masks = [
        [day_text(period), f"{1 << n}::HUGEINT", f"{1 << n >> 1}::HUGEINT"]
        for n, period in enumerate(periods)
    ]
    found = rows_of(
        connection,
        f"""
        WITH people_bits AS (
            SELECT user_id, bit_or(1::HUGEINT << ({place})::INTEGER) AS bits
            FROM ({active_days(seen)}) GROUP BY user_id
        ), known AS (
            SELECT bits, {period_text(local_day(seen, "registered_at"), interval)} AS registered
            FROM people_bits LEFT JOIN people ON people.user_id = people_bits.user_id
        ), periods (period, own, before) AS (VALUES {values_text(masks)}),
        joined AS (
            SELECT period, bits & before <> 0 AS was_active, registered >= period AS is_new
            FROM periods, known WHERE bits & own <> 0
        )
        SELECT period, count(*), count(*) FILTER (was_active),
               count(*) FILTER (NOT was_active AND is_new)
        FROM joined GROUP BY period
        """,
    )
    return {period: (active, returning, new) for period, active, returning, new in found}


def growth(counts: Counts, span: Span, *, interval: str) -> list[Json]:
    """Everybody who is active in a period, or was in the one before, is one of four:

    ``new`` (not active before, registered in this period or later), ``returning`` (active in both),
    ``resurrected`` (not active in the one before, registered earlier) or ``dormant`` (active in the
    one before alone). While a period runs, ``dormant`` is None.
    """
    rows = []
    for period in span.periods(interval):
        active, returning, new = counts.get(period, (0, 0, 0))
        was_active = counts.get(shift(period, interval, -1), (0, 0, 0))[0]
        is_over = span.is_period_over(period, interval)
        rows.append(
            {
                "period": period,
                "active": active,
                "new": new,
                "returning": returning,
                "resurrected": active - returning - new,
                "dormant": was_active - returning if is_over else None,
                "complete": is_over,
            }
        )
    return rows


def churn(counts: Counts, span: Span, *, interval: str) -> list[Json]:
    """``churned`` of the people that were active in the period before (``base``) were not in this
    one. While a period runs that is not known, so it is None."""
    rows = []
    for period in span.periods(interval):
        base = counts.get(shift(period, interval, -1), (0, 0, 0))[0]
        is_over = span.is_period_over(period, interval)
        churned = base - counts.get(period, (0, 0, 0))[1] if is_over else None
        rows.append(
            {
                "period": period,
                "base": base,
                "churned": churned,
                "rate": ratio(churned, base),
                "complete": is_over,
            }
        )
    return rows
