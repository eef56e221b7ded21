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
    ratio,
    rows_of,
    values_text,
)

__all__ = ["active_users", "churn", "growth"]

WEEK_DAYS: Final = 7
MONTH_DAYS: Final = 28
"""Four weeks, so that no month is longer and none has more Sundays than another."""
DAYS_AT_ONCE: Final = 90
"""With the days before them they fit into the 127 bits of a HUGEINT that is not negative."""


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


def growth(connection: Connection, span: Span, *, interval: str) -> list[Json]:
    """Everybody who is active in a period, or was in the one before, is one of four:

    ``new`` (not active before, registered in this period or later), ``returning`` (active in both),
    ``resurrected`` (not active in the one before, registered earlier) or ``dormant`` (active in the
    one before alone). While a period runs, ``dormant`` is None.
    """
    periods = span.periods(interval)
    counts = _counts_by_period(connection, span, interval)
    rows = []
    for period in periods:
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


def churn(connection: Connection, span: Span, *, interval: str) -> list[Json]:
    """``churned`` of the people that were active in the period before (``base``) were not in this
    one. While a period runs that is not known, so it is None."""
    counts = _counts_by_period(connection, span, interval)
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


def _counts_by_period(
    connection: Connection, span: Span, interval: str
) -> dict[date, tuple[int, int, int]]:
    """Active, active in the period before as well, and new; the period before the first too."""
    whole = span.whole(interval)
    begin = shift(period_of(span.first, interval), interval, -1)
    seen = whole.moved(begin, min(whole.last, span.today))
    found = rows_of(
        connection,
        f"""
        WITH active AS (
            SELECT DISTINCT {period_text("day", interval)} AS period, user_id
            FROM ({active_days(seen)})
        ), joined AS (
            SELECT active.period, earlier.user_id IS NOT NULL AS was_active,
                   {period_text(local_day(seen, "registered_at"), interval)} >= active.period
                       AS is_new
            FROM active
            LEFT JOIN active AS earlier ON earlier.user_id = active.user_id
                AND earlier.period = (active.period - INTERVAL 1 {interval})::DATE
            LEFT JOIN people ON people.user_id = active.user_id
        )
        SELECT period, count(*), count(*) FILTER (was_active),
               count(*) FILTER (NOT was_active AND is_new)
        FROM joined GROUP BY period
        """,
    )
    return {period: (active, returning, new) for period, active, returning, new in found}
