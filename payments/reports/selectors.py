"""Reading the day rows: what was earned, what is owed in credits, how purchases fared."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet, Sum

from pairly.core.clock import EPOCH
from pairly.core.days import Days
from pairly.core.db import snapshot
from payments.gateways.registry import provider_names
from payments.intents.states import PAID
from payments.reconciliation.selectors import reconciled_until
from payments.reports.models import (
    CreditDay,
    IntentDay,
    Outstanding,
    Progress,
    RevenueDay,
    between,
)

__all__ = [
    "POCKETS",
    "Liability",
    "Statistics",
    "counted_through",
    "liability",
    "revenue_by_day",
    "revenue_by_package",
    "revenue_complete_before",
    "revenue_rows",
    "revenue_totals",
    "statistics",
]

SEALING_DELAY_MAX: Final = timedelta(minutes=10)
"""However long it took to write and seal something, it is counted by then."""

POCKETS: Final = ("paid", "bonus", "earnings", "debt", "held")
SUMS: Final = {
    name: Sum(name)
    for name in ("purchases", "gross_minor", "refunds_minor", "disputes_minor", "fees_minor")
}


def counted_through(report: str) -> tuple[datetime, date]:
    """Up to when a report (``Progress.LEDGER`` or ``INTENTS``) has counted, and the day before
    which each day is complete."""
    progress = Progress.objects.filter(pk=report).first()
    through = progress.through if progress else EPOCH
    return through, (through - SEALING_DELAY_MAX).astimezone(UTC).date()


# Revenue


def revenue_complete_before() -> date:
    """The day before which each day is counted and its fees are known, from all providers."""
    known = [reconciled_until(provider) for provider in provider_names()]
    _through, counted_before = counted_through(Progress.LEDGER)
    return min([counted_before, *(until.astimezone(UTC).date() for until in known)])


def revenue_rows(
    days: Days, *, provider: str = "", package: str = "", currency: str = ""
) -> "QuerySet[RevenueDay]":
    """Order by ``id`` or ``-id``."""
    wanted = {"provider": provider, "package": package, "currency": currency}
    given = {name: value for name, value in wanted.items() if value}
    return between(RevenueDay, days.first, days.last).filter(**given)


def revenue_totals(rows: "QuerySet[RevenueDay]") -> list[dict[str, Any]]:
    """The rows summed by currency, in minor units, with ``net_minor``."""
    groups: Any = rows.order_by("currency").values("currency").annotate(**SUMS)
    return [_with_net(one) for one in groups]


def revenue_by_day(rows: "QuerySet[RevenueDay]") -> list[dict[str, Any]]:
    """The rows summed by day and currency, the oldest first."""
    groups: Any = rows.order_by("day", "currency").values("day", "currency").annotate(**SUMS)
    return [_with_net(one) for one in groups]


def revenue_by_package(rows: "QuerySet[RevenueDay]") -> list[dict[str, Any]]:
    """The rows summed by provider, package and currency."""
    names = ("provider", "package", "currency")
    groups: Any = rows.order_by(*names).values(*names).annotate(**SUMS)
    return [_with_net(one) for one in groups]


def _with_net(one: dict[str, Any]) -> dict[str, Any]:
    costs = one["refunds_minor"] + one["disputes_minor"] + one["fees_minor"]
    return {**one, "net_minor": one["gross_minor"] - costs}


# Credits that are owed


@dataclass(frozen=True, slots=True, kw_only=True)
class Liability:
    """What people own (``debt``: owe), in each of ``POCKETS`` all together; ``held`` is a part of
    the others. ``now`` has a row for each asset as of ``through``, ``days`` one for each day's
    end and asset, the newest first."""

    through: datetime
    complete_before: date
    now: list[dict[str, Any]]
    days: list[dict[str, Any]]


def liability(days: Days) -> Liability:
    """From now back by what changed since, all read at one moment."""
    with snapshot():
        through, complete_before = counted_through(Progress.LEDGER)
        stands = _outstanding()
        changes = list(CreditDay.objects.filter(pk__gte=f"{days.first}").order_by("-id"))
    now = [{"asset": asset, **pockets} for asset, pockets in stands.items()]
    closings: list[dict[str, Any]] = []
    left = iter([*changes, None])
    change = next(left)
    for day in reversed(list(days.each())):
        while change is not None and change.day > day:
            stands[change.asset][change.pocket] -= change.change
            change = next(left)
        closings += [{"day": day, "asset": asset, **stands[asset]} for asset in stands]
    return Liability(through=through, complete_before=complete_before, now=now, days=closings)


def _outstanding() -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in Outstanding.objects.order_by("id"):
        found.setdefault(row.asset, dict.fromkeys(POCKETS, 0))[row.pocket] = row.amount
    return found


# How purchases fared


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """``days``: how many were begun on each and how many of these are paid, the newest first.
    The others count over all days; ``declines`` by why the last attempt failed. Counted last at
    ``through``; the days before ``complete_before`` are over."""

    through: datetime
    complete_before: date
    days: list[dict[str, Any]]
    providers: list[dict[str, Any]]
    statuses: dict[str, int]
    declines: dict[str, int]

    @property
    def begun(self) -> int:
        return sum(self.statuses.values())

    @property
    def paid(self) -> int:
        return sum(count for status, count in self.statuses.items() if status in PAID)


def statistics(days: Days, *, provider: str = "") -> Statistics:
    through, complete_before = counted_through(Progress.INTENTS)
    rows = between(IntentDay, days.first, days.last)
    if provider:
        rows = rows.filter(provider=provider)
    by_day, by_provider = _Funnel(), _Funnel()
    statuses: Counter[str] = Counter()
    declines: Counter[str] = Counter()
    counted = rows.order_by("id").values_list("day", "provider", "status", "failure_code", "count")
    for day, name, status, code, count in counted:
        by_day.add(day, status, count)
        by_provider.add(name, status, count)
        statuses[status] += count
        if code:
            declines[code] += count
    return Statistics(
        through=through,
        complete_before=complete_before,
        days=[{"day": day, **by_day.of(day)} for day in reversed(list(days.each()))],
        providers=[{"provider": name, **by_provider.of(name)} for name in by_provider.names()],
        statuses=dict(statuses.most_common()),
        declines=dict(declines.most_common()),
    )


class _Funnel:
    """Begun and paid, by something."""

    def __init__(self) -> None:
        self._begun: Counter[Any] = Counter()
        self._paid: Counter[Any] = Counter()

    def add(self, key: Any, status: str, count: int) -> None:
        self._begun[key] += count
        if status in PAID:
            self._paid[key] += count

    def names(self) -> list[Any]:
        return sorted(self._begun)

    def of(self, key: Any) -> dict[str, Any]:
        """``conversion`` in percent, None where nothing was begun."""
        begun, paid = self._begun[key], self._paid[key]
        return {"begun": begun, "paid": paid, "conversion": _percent(paid, begun)}


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None
