"""Our side of a statement: the transfers of the accounts of what a provider holds for us."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from pairly.accounts.staff_selectors import starting_with
from pairly.core.table import Row, Table
from payments.ledger.accounts import clearing_kind, house_key
from payments.ledger.models import Account, Phase, Transfer
from payments.reconciliation.judging import Booking

__all__ = ["FEE", "Clearing", "movements"]

FEE: Final = "fee"
"""The kind of the transfers that book fees, which answer to no line's amount."""
ROWS_AT_ONCE: Final = 500
MOVED: Final = (Phase.POSTED, Phase.POST)

BOOKED: Final = Table(
    Transfer,
    *("id", "debit_id", "credit_id", "amount", "asset", "kind", "group", "phase", "created_at"),
)


class Clearing:
    """A provider's accounts, one for each currency, asked about one time."""

    def __init__(self, provider: str, since: datetime, until: datetime) -> None:
        self._keys = starting_with("key", house_key(clearing_kind(provider), ""))
        self._since, self._until = since, until

    def named(self, transfer_ids: Collection[str]) -> list[Booking]:
        """Those of the transfers that are there, of whatever time."""
        rows = BOOKED.select("id", transfer_ids)
        return self._bookings(rows, self._accounts())

    def between(self) -> Iterator[list[Booking]]:
        """Every movement of that time but fees, page by page."""
        accounts = self._accounts()
        for account in accounts:
            for side in ("debit_id", "credit_id"):
                for page in _pages(movements(side, account, self._since, self._until)):
                    yield self._bookings(page, accounts)

    def _accounts(self) -> set[UUID]:
        """Asked anew each time: the first purchase in a currency opens one."""
        return set(Account.objects.filter(self._keys).values_list("pk", flat=True))

    def _bookings(self, rows: Iterable[Row], accounts: Collection[UUID]) -> list[Booking]:
        return [
            self._booking(row, is_in=row[1] in accounts)
            for row in rows
            if row[5] != FEE and row[7] in MOVED
        ]

    def _booking(self, row: Row, *, is_in: bool) -> Booking:
        transfer_id, _debit, _credit, amount, asset, _kind, group, _phase, at = row
        return Booking(
            operation=group,
            transfer_id=transfer_id,
            amount_minor=amount if is_in else -amount,
            currency=asset,
            at=at,
            in_window=self._since <= at < self._until,
        )


def movements(
    side: str, account_id: UUID, since: datetime, until: datetime
) -> "QuerySet[Transfer]":
    """``side`` is ``debit_id`` or ``credit_id``; each has its index, in the order of time."""
    rows = Transfer.objects.filter(
        **{side: account_id}, created_at__gte=since, created_at__lt=until
    )
    return rows.order_by("created_at", "id")


def _pages(rows: "QuerySet[Transfer]") -> Iterator[list[Row]]:
    """Each page begins where the one before ended."""
    page = rows
    while found := list(page.values_list(*BOOKED.columns)[:ROWS_AT_ONCE]):
        yield found
        transfer_id, moment = found[-1][0], found[-1][-1]
        page = rows.filter(created_at__gte=moment).filter(
            Q(created_at__gt=moment) | Q(created_at=moment, id__gt=transfer_id)
        )
