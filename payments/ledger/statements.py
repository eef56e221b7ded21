"""A person's statement: their transactions with what stood on each account afterwards.

It is read from the newest backwards: what stands now, less every newer transaction, is what stood
then. So a page costs the same however long the history is; only a statement that ends in the past
first adds up what came after it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Sum

from pairly.core.db import snapshot
from pairly.core.table import Row
from payments.ledger.accounts import DEBT, PERSONAL_KINDS
from payments.ledger.books import ACCOUNTS
from payments.ledger.history import Movements, Transaction, newest_first
from payments.ledger.models import Phase

__all__ = ["ORDERING", "Line", "Statement"]

ORDERING = ("-created_at", "-id", "-before")
"""With what stood before a line, where the next page goes on."""

MOVING = (Phase.POSTED, Phase.POST)

Balances = dict[str, int]
"""By kind of account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Transaction):
    """``paid``, ``bonus``, ``earnings`` and ``debt`` are what stood there afterwards, ``balance``
    is paid and bonus together, and ``before`` what stood on each before."""

    paid: int
    bonus: int
    earnings: int
    debt: int
    before: Balances

    @property
    def balance(self) -> int:
        return self.paid + self.bonus


class Statement:
    """A person's lines from ``since`` on and before ``until``, the newest first."""

    def __init__(
        self, user_id: UUID, *, since: datetime | None = None, until: datetime | None = None
    ) -> None:
        self._movements = Movements(user_id)
        self._since, self._until = since, until

    def page(self, last: Sequence[Any] | None, limit: int) -> list[Line]:
        """The lines behind one whose time, id and ``before`` are given."""
        if last is None:
            with snapshot():  # balances and rows of one moment
                balances = self._closing()
                rows = self._rows(None, limit)
        else:
            at, transfer_id, balances = last
            rows = self._rows((at, transfer_id), limit)
        return self._lines(rows, balances)

    def lines(self, limit: int) -> Iterator[Line]:
        """Every line, so many at a time."""
        last: Sequence[Any] | None = None
        while page := self.page(last, limit):
            yield from page
            last = (page[-1].created_at, page[-1].id, page[-1].before)

    def _rows(self, last: tuple[datetime, str] | None, limit: int) -> list[Row]:
        return self._movements.rows(last, limit, since=self._since, until=self._until)

    def _closing(self) -> Balances:
        """What stood on each account at the end."""
        own = self._movements.own
        balances = dict.fromkeys(PERSONAL_KINDS, 0)
        for account, _key, balance, _held, _stops in ACCOUNTS.select("id", own.keys()):
            balances[own[account]] = balance
            if self._until is not None:
                balances[own[account]] -= self._moved_since(account, self._until)
        return balances

    def _moved_since(self, account: str, at: datetime) -> int:
        """What an account's balance has changed by since then."""
        sums = [
            newest_first(account, side, None, since=at)
            .order_by()
            .filter(phase__in=MOVING)
            .aggregate(sum=Sum("amount"))["sum"]
            or 0
            for side in ("credit", "debit")
        ]
        sign = -1 if self._movements.own[account] == DEBT else 1
        return sign * (sums[0] - sums[1])

    def _lines(self, rows: Sequence[Row], balances: Mapping[str, int]) -> list[Line]:
        lines = []
        for row, told in zip(rows, self._movements.told(rows), strict=True):
            before = self._before(row, balances)
            values: dict[str, Any] = {**asdict(told), **balances, "before": before}
            lines.append(Line(**values))
            balances = before
        return lines

    def _before(self, row: Row, after: Mapping[str, int]) -> Balances:
        """A transfer between two of the person's own accounts changes both."""
        _id, debit, credit, amount, _kind, phase, _group, _at = row
        before = dict(after)
        for account, change in ((debit, -amount), (credit, amount)):
            kind = self._movements.own.get(account)
            if kind is not None and phase in MOVING:
                before[kind] -= -change if kind == DEBT else change
        return before
