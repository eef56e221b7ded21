"""Our side of a statement: the transfers of the accounts of what a provider holds for us."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from pairly.accounts.staff_selectors import starting_with
from pairly.core.table import Row, Table
from payments.ledger.accounts import clearing_kind, house_key
from payments.ledger.models import Account, Transfer
from payments.reconciliation.judging import Booking
from payments.reports.models import Movement

__all__ = ["Clearing", "movements"]

ROWS_AT_ONCE: Final = 500

BOOKED: Final = Table(Transfer, "id", "debit_id", "amount", "asset", "group", "created_at")


class Clearing:
    """A provider's accounts, one for each currency, asked about one time."""

    def __init__(self, provider: str, since: datetime, until: datetime) -> None:
        self._provider = provider
        self._since, self._until = since, until
        self._keys = starting_with("key", house_key(clearing_kind(provider), ""))

    def named(self, transfer_ids: Collection[str]) -> list[Booking]:
        """Those of the transfers that are there, of whatever time."""
        return self._bookings(BOOKED.select("id", transfer_ids))

    def between(self) -> Iterator[list[Booking]]:
        """Every movement of that time but fees, page by page."""
        return map(self.named, _pages(movements(self._provider, self._since, self._until)))

    def first_at(self) -> datetime | None:
        """When the first of them was booked; None if there is none."""
        first = movements(self._provider, self._since, self._until).first()
        return first.at if first else None

    def _bookings(self, rows: Iterable[Row]) -> list[Booking]:
        """The accounts are asked for each time: the first purchase in a currency opens one."""
        accounts = set(Account.objects.filter(self._keys).values_list("pk", flat=True))
        return [self._booking(row, is_in=row[1] in accounts) for row in rows]

    def _booking(self, row: Row, *, is_in: bool) -> Booking:
        transfer_id, _debit, amount, asset, group, at = row
        return Booking(
            operation=group,
            transfer_id=transfer_id,
            amount_minor=amount if is_in else -amount,
            currency=asset,
            at=at,
            in_window=self._since <= at < self._until,
        )


def movements(provider: str, since: datetime, until: datetime) -> "QuerySet[Movement]":
    """In the order of their index. What was not counted yet is not among them: see
    ``reports.rolling``."""
    rows = Movement.objects.filter(provider=provider, at__gte=since, at__lt=until)
    return rows.order_by("at", "transfer_id")


def _pages(rows: "QuerySet[Movement]") -> Iterator[list[str]]:
    """The transfers' ids; each page begins where the one before ended."""
    page = rows
    while found := list(page[:ROWS_AT_ONCE]):
        yield [one.transfer_id for one in found]
        last = found[-1]
        page = rows.filter(at__gte=last.at).filter(
            Q(at__gt=last.at) | Q(at=last.at, transfer_id__gt=last.transfer_id)
        )
