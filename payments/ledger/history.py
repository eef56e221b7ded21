"""A person's own view of the transfers on their accounts."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from pairly.core.table import Row
from payments.ledger.accounts import PERSONAL_KINDS, personal_key
from payments.ledger.books import ACCOUNTS
from payments.ledger.models import Phase, Transfer

__all__ = ["ORDERING", "Transaction", "transactions_of"]

ORDERING = ("-created_at", "-id")


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


def transactions_of(
    user_id: UUID, last: tuple[datetime, str] | None, limit: int
) -> list[Transaction]:
    """The newest ones older than ``last``: a short read of an index per account and side, so
    that the cost does not grow with the history."""
    own = {row[0]: row[1] for row in _accounts("key", _keys(user_id))}
    found = {
        row[0]: row
        for account in own
        for side in ("debit", "credit")
        for row in _page(side, account, last, limit)
    }
    rows = sorted(found.values(), key=lambda row: (row[-1], row[0]), reverse=True)[:limit]
    others = {account.hex for row in rows for account in row[1:3]} - own.keys()
    keys = own | {row[0]: row[1] for row in _accounts("id", others)}
    return [_transaction(row, own, keys) for row in rows]


def _keys(user_id: UUID) -> list[str]:
    return [personal_key(user_id, kind) for kind in PERSONAL_KINDS]


def _accounts(column: str, values: Collection[str]) -> Sequence[Row]:
    return ACCOUNTS.select(column, values)


def _page(side: str, account: str, last: tuple[datetime, str] | None, limit: int) -> Iterator[Row]:
    rows: QuerySet[Transfer] = Transfer.objects.filter(**{f"{side}_id": account})
    if last is not None:
        moment, transfer_id = last
        # The first bound is implied by the second; it lets the index be entered in the middle.
        rows = rows.filter(created_at__lte=moment).filter(
            Q(created_at__lt=moment) | Q(created_at=moment, id__lt=transfer_id)
        )
    names = ("id", "debit_id", "credit_id", "amount", "kind", "phase", "group", "created_at")
    yield from rows.order_by(*ORDERING).values_list(*names)[:limit]


def _transaction(row: Row, own: dict[str, str], keys: dict[str, str]) -> Transaction:
    transfer_id, debit, credit, amount, kind, phase, group, created_at = row
    spent = debit.hex in own
    moved = amount if phase in (Phase.POSTED, Phase.POST) else 0
    mine, other = (debit.hex, credit.hex) if spent else (credit.hex, debit.hex)
    return Transaction(
        id=transfer_id,
        kind=kind,
        phase=phase,
        amount=amount,
        credits=-moved if spent else moved,
        account=_kind(keys[mine]),
        counterparty=_kind(keys[other]),
        group=group,
        created_at=created_at,
    )


def _kind(key: str) -> str:
    return key.split(":")[1]
