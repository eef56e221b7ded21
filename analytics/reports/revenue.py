"""What people paid, and what that comes to for each of them. Each currency for itself, in its minor
units; fees and disputes are in the reports of payments."""

from collections import defaultdict
from datetime import date
from typing import Final

from analytics.reports.activity import counts_by_period
from analytics.reports.spans import ONE_DAY, Span, shift
from analytics.reports.sql import (
    Connection,
    Json,
    in_span,
    local_day,
    period_text,
    properties_text,
    ratio,
    rows_of,
)

__all__ = ["lifetime", "revenue"]

MONEY: Final = f"{properties_text('amount_minor', 'currency')} AS money"
AMOUNT: Final = "money[1]::BIGINT"
CURRENCY: Final = "money[2]"
BOUGHT: Final = "name = 'purchase.completed'"
RETURNED: Final = "name = 'refund.posted'"
PAID: Final = "name IN ('purchase.completed', 'refund.posted')"
MINOR_DIGITS: Final = 2


def revenue(connection: Connection, span: Span, *, interval: str) -> list[Json]:
    """A row for each period and currency, of what was paid and given back in it.

    ``arpu_minor`` is net by all people active in the period, ``arppu_minor`` by who bought in it;
    ``conversion`` is how many of the active bought in this currency.
    """
    span = span.whole(interval)
    found = rows_of(
        connection,
        f"""
        WITH paid AS (
            SELECT {period_text(local_day(span), interval)} AS period, name, user_id, {MONEY}
            FROM events WHERE {PAID} AND {in_span(span)}
        )
        SELECT period, {CURRENCY} AS currency,
               count(*) FILTER ({BOUGHT}), count(DISTINCT user_id) FILTER ({BOUGHT}),
               coalesce(sum({AMOUNT}) FILTER ({BOUGHT}), 0)::BIGINT,
               coalesce(sum({AMOUNT}) FILTER ({RETURNED}), 0)::BIGINT
        FROM paid GROUP BY period, currency
        """,
    )
    sums = {(row[0], row[1]): row[2:] for row in found}
    counts = counts_by_period(connection, span, interval=interval)
    active = {period: people for period, (people, *_others) in counts.items()}
    currencies = sorted({currency for _period, currency in sums})
    rows = []
    for begun in (one for one in span.periods(interval) if span.midnight(one) <= span.now):
        for currency in currencies:
            purchases, payers, gross, refunds = sums.get((begun, currency), (0, 0, 0, 0))
            rows.append(
                {
                    "period": begun,
                    "currency": currency,
                    "purchases": purchases,
                    "payers": payers,
                    "active": active.get(begun, 0),
                    "gross_minor": gross,
                    "refunds_minor": refunds,
                    "net_minor": gross - refunds,
                    "arpu_minor": ratio(gross - refunds, active.get(begun), MINOR_DIGITS),
                    "arppu_minor": ratio(gross - refunds, payers, MINOR_DIGITS),
                    "conversion": ratio(payers, active.get(begun)),
                    "complete": span.is_period_over(begun, interval),
                }
            )
    return rows


def lifetime(
    connection: Connection, span: Span, *, cohort: str = "month", periods: int = 12
) -> list[Json]:
    """What a cohort of people, by when they registered, has brought up to the end of the n-th
    period after its first, net, and for each of its people. None while that has not begun."""
    span = span.whole(cohort)
    seen = span.moved(span.first, max(span.last, span.today))
    found = rows_of(
        connection,
        f"""
        WITH members AS (
            SELECT user_id, {period_text(local_day(span, "registered_at"), cohort)} AS cohort
            FROM people WHERE {in_span(span, "registered_at")}
        ), moved AS (
            SELECT cohort, name, {MONEY},
                   greatest(cohort, {period_text(local_day(seen), cohort)}) AS period
            FROM events JOIN members ON members.user_id = events.user_id
            WHERE {PAID} AND {in_span(seen)}
        ), paid AS (
            SELECT cohort, {CURRENCY} AS currency, period,
                   CASE WHEN {BOUGHT} THEN {AMOUNT} ELSE -{AMOUNT} END AS amount
            FROM moved
        )
        SELECT cohort, '' AS currency, NULL AS period, count(*) AS amount FROM members
        GROUP BY cohort
        UNION ALL
        SELECT cohort, currency, period, sum(amount)::BIGINT FROM paid
        GROUP BY cohort, currency, period
        """,
    )
    sizes = {row[0]: row[3] for row in found if row[2] is None}
    amounts: dict[tuple[date, str], dict[date, int]] = defaultdict(dict)
    for begun, currency, period, amount in found:
        if period is not None:
            amounts[begun, currency][period] = amount
    return [
        row
        for begun, currency in sorted(amounts)
        for row in _lifetime_rows(
            span, cohort, periods, begun, currency, sizes[begun], amounts[begun, currency]
        )
    ]


def _lifetime_rows(
    span: Span,
    interval: str,
    periods: int,
    cohort: date,
    currency: str,
    size: int,
    amounts: dict[date, int],
) -> list[Json]:
    rows, total = [], 0
    for n in range(periods + 1):
        period = shift(cohort, interval, n)
        has_begun = span.midnight(period) <= span.now
        total += amounts.get(period, 0)
        rows.append(
            {
                "cohort": cohort,
                "currency": currency,
                "size": size,
                "n": n,
                "net_minor": total if has_begun else None,
                "per_person_minor": ratio(total, size, MINOR_DIGITS) if has_begun else None,
                "complete": span.is_over(shift(period, interval, 1) - ONE_DAY),
            }
        )
    return rows
