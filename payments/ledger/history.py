"""A person's own view of the transfers on their accounts."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from pairly.core.table import Row
from payments.ledger.accounts import FIRST_HOUSE_ID, PERSONAL_KINDS, personal_key
from payments.ledger.books import ACCOUNTS
from payments.ledger.models import Phase, Transfer

__all__ = ["ORDERING", "Movements", "Transaction", "newest_first", "transactions_of"]

ORDERING = ("-created_at", "-id")

Last = tuple[datetime, str] | None
"""Time and id of the row that a page goes on behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One transfer as its owner sees it.

    ``credits`` is what it changed their balance by; a hold and its release change nothing and
    tell in ``phase`` and ``amount`` what they are. ``account`` is the owner's account,
    ``counterparty`` the kind of the other one.
    """

    id: str
    kind: str
    phase: str
    amount: int
    credits: int
    account: str
    counterparty: str
    group: str
    created_at: datetime


def transactions_of(user_id: UUID, last: Last, limit: int) -> list[Transaction]:
    """The newest ones older than ``last``."""
    movements = Movements(user_id)
    return movements.told(movements.rows(last, limit))


class Movements:
    """The transfers on a person's accounts: a short read of an index per account and side, so
    that the cost does not grow with the history.

    ``own`` maps the ids of the person's accounts (32 hex digits) to their kinds.
    """

    def __init__(self, user_id: UUID) -> None:
        keys = [personal_key(user_id, kind) for kind in PERSONAL_KINDS]
        self.own = {row[0]: _kind(row[1]) for row in ACCOUNTS.select("key", keys)}

    def rows(
        self,
        last: Last,
        limit: int,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Row]:
        """The newest rows ``(id, debit, credit, amount, kind, phase, group, created_at)`` behind
        ``last``, made at ``since`` or later and before ``until``."""
        found = {
            row[0]: row
            for account in self.own
            for side in ("debit", "credit")
            for row in _page(newest_first(account, side, last, since, until), limit)
        }
        return sorted(found.values(), key=lambda row: (row[-1], row[0]), reverse=True)[:limit]

    def told(self, rows: Sequence[Row]) -> list[Transaction]:
        others = {account for row in rows for account in row[1:3]} - self.own.keys()
        kinds = self.own | {row[0]: _kind(row[1]) for row in _accounts(others)}
        return [self._told(row, kinds) for row in rows]

    def _told(self, row: Row, kinds: dict[str, str]) -> Transaction:
        transfer_id, debit, credit, amount, kind, phase, group, created_at = row
        spent = debit in self.own
        moved = amount if phase in (Phase.POSTED, Phase.POST) else 0
        mine, other = (debit, credit) if spent else (credit, debit)
        return Transaction(
            id=transfer_id,
            kind=kind,
            phase=phase,
            amount=amount,
            credits=-moved if spent else moved,
            account=kinds[mine],
            counterparty=kinds[other],
            group=group,
            created_at=created_at,
        )


def newest_first(
    account: UUID | str,
    side: str,
    last: Last,
    since: datetime | None = None,
    until: datetime | None = None,
) -> "QuerySet[Transfer]":
    """One side of a person's account, out of its index. The bound is the index's own."""
    own = {f"{side}_id": account, f"{side}_id__lt": FIRST_HOUSE_ID}
    rows: QuerySet[Transfer] = Transfer.objects.filter(**own)
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    if until is not None:
        rows = rows.filter(created_at__lt=until)
    if last is not None:
        moment, transfer_id = last
        # The first bound is implied by the second; it lets the index be entered in the middle.
        rows = rows.filter(created_at__lte=moment).filter(
            Q(created_at__lt=moment) | Q(created_at=moment, id__lt=transfer_id)
        )
    return rows.order_by(*ORDERING)


def _page(rows: "QuerySet[Transfer]", limit: int) -> Iterator[Row]:
    names = ("id", "debit_id", "credit_id", "amount", "kind", "phase", "group", "created_at")
    for transfer_id, debit, credit, *rest in rows.values_list(*names)[:limit]:
        yield transfer_id, debit.hex, credit.hex, *rest


def _accounts(ids: Collection[str]) -> Sequence[Row]:
    return ACCOUNTS.select("id", ids)


def _kind(key: str) -> str:
    return key.split(":")[1]
