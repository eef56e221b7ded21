"""Credits that are held for something that lasts, and taken bit by bit: a call, minute by minute.

A hold has the name of its operation for ever. It is ended once: taken, in whole or in part, with
the rest freed, or released. Everything happens in the caller's transaction, which writes a row of
its own that guards what is held.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from payments.debts import settle_debt
from payments.ledger.accounts import BONUS, DEBT, EARNINGS, PAID, SALES, house_key, personal_key
from payments.ledger.books import OPEN_HOLDS, Books
from payments.ledger.models import Phase
from payments.ledger.transfers import TRANSFERS, Posting, posting_of
from payments.wallets import Wallet, require_funds, wallet_of_states

__all__ = ["SHARE_LEG", "Holds", "ids_of_hold", "open_holds", "taken_by"]

Source = TypeVar("Source")

ROWS_AT_ONCE = 1000
SOURCES = (BONUS, PAID)
SHARE_LEG = "share"

_POST, _VOID, _PENDING = Phase.POST.value, Phase.VOID.value, Phase.PENDING.value


class Holds:
    """One person's credits in one transaction: read once, decided in memory, written at once.

    ``held`` names the open holds that are to be ended, ``payee_id`` who may get a share.
    """

    def __init__(
        self,
        owner_id: UUID,
        now: datetime,
        *,
        kind: str,
        held: Collection[str] = (),
        payee_id: UUID | None = None,
    ) -> None:
        self._owner_id, self._now, self._kind = owner_id, now, kind
        self._books = books = Books(now)
        sales, debt = house_key(SALES), personal_key(owner_id, DEBT)
        own = [personal_key(owner_id, source) for source in SOURCES]
        earnings = [] if payee_id is None else [personal_key(payee_id, EARNINGS)]
        books.load_keys([sales, debt, *own, *earnings])
        self._sales = books.account(sales)
        self._earnings = books.account(earnings[0]) if earnings else None
        self._spendable = [state for state in map(books.find, own) if state is not None]
        self._debt = books.find(debt)
        self._open = _legs_of(held)
        books.load_pending(leg for legs in self._open.values() for leg in legs)
        self._released_by = ""

    @property
    def wallet(self) -> Wallet:
        """The owner's, with everything decided so far."""
        return wallet_of_states(self._spendable, self._debt.balance if self._debt else 0)

    def require(self, credits: int) -> None:
        """Raises ``InsufficientCredits`` or ``SpendingFrozen`` where ``hold`` would be False."""
        require_funds(self._spendable, self._debt.balance if self._debt else 0, credits)

    def affords(self, credits: int) -> bool:
        """Whether that many more may be held: there, not owed for, and not frozen."""
        return not any(state.stops for state in self._spendable) and (
            sum(state.available for state in self._spendable) >= credits
        )

    def hold(self, operation: str, credits: int) -> bool:
        """Hold the credits, bonus before paid; False, and nothing held, if that cannot be."""
        if not self.affords(credits):
            return False
        parts = _filled([(state, state.available) for state in self._spendable], credits)
        legs = [
            Posting(
                id=_leg(operation, state.kind, len(parts)),
                debit=state.id,
                credit=self._sales.id,
                amount=amount,
                kind=self._kind,
                group=operation,
                phase=_PENDING,
            )
            for state, amount in parts
        ]
        for leg in legs:
            self._books.apply(leg)
        self._open[operation] = legs
        return True

    def take(self, held: str, operation: str, credits: int, *, share: int = 0) -> None:
        """Take so many of the held credits, at most all of them, and free the rest. ``share`` of
        what the house gets goes on to the payee."""
        legs = self._open.pop(held)
        taken = dict(_filled([(leg.id, leg.amount) for leg in legs], credits))
        for leg in legs:
            source = self._books.by_id(leg.debit).kind
            amount = taken.get(leg.id, 0)
            if amount:
                self._end(leg, _leg(operation, source, len(taken)), operation, _POST, amount)
            else:
                self._end(leg, f"{operation}/{source}-freed", operation, _VOID, leg.amount)
        if share and self._earnings is not None:
            self._books.apply(
                Posting(
                    id=f"{operation}/{SHARE_LEG}",
                    debit=self._sales.id,
                    credit=self._earnings.id,
                    amount=share,
                    kind=self._kind,
                    group=operation,
                )
            )
        self._released_by = operation

    def release(self, held: str, operation: str) -> None:
        """Free all of it."""
        legs = self._open.pop(held)
        for leg in legs:
            name = _leg(operation, self._books.by_id(leg.debit).kind, len(legs))
            self._end(leg, name, operation, _VOID, leg.amount)
        self._released_by = operation

    def write(self) -> None:
        """Book it. Call once, last. What was freed pays first what the owner owes by now."""
        self._books.write()
        if self._released_by and self._debt is not None and self._debt.balance:
            settle_debt(self._owner_id, self._released_by, self._now)

    def _end(self, leg: Posting, id: str, group: str, phase: str, amount: int) -> None:
        self._books.apply(
            Posting(
                id=id,
                debit=leg.debit,
                credit=leg.credit,
                amount=amount,
                kind=self._kind,
                group=group,
                phase=phase,
                resolves=leg.id,
            )
        )


def open_holds(prefix: str) -> Iterator[str]:
    """The names of all operations beginning so that hold credits now, in order."""
    after, last = prefix, ""
    while rows := OPEN_HOLDS.range(
        "transfer_id", after=after, up_to=f"{prefix}\uffff", limit=ROWS_AT_ONCE
    ):
        for transfer_id, _created_at in rows:
            operation = transfer_id.partition("/")[0]
            if operation != last:
                last = operation
                yield operation
        after = rows[-1][0]


def taken_by(operations: Sequence[str]) -> dict[str, int]:
    """The credits that each of these operations took from what was held; 0 for one that took
    none. One query."""
    ids = {leg: operation for operation in operations for leg in ids_of_hold(operation)}
    taken = dict.fromkeys(operations, 0)
    for row in TRANSFERS.select("id", list(ids)):
        if row[7] == _POST:
            taken[ids[row[0]]] += row[3]
    return taken


def _legs_of(operations: Collection[str]) -> dict[str, list[Posting]]:
    """Each hold's transfers, those of bonus credits first."""
    legs: dict[str, list[Posting]] = {operation: [] for operation in operations}
    rows = TRANSFERS.select("id", [leg for one in operations for leg in ids_of_hold(one)])
    for posting in sorted(map(posting_of, rows), key=lambda one: one.id):
        legs[posting.group].append(posting)
    return legs


def ids_of_hold(operation: str) -> list[str]:
    """An operation is one transfer, or one for each source."""
    return [operation, *(f"{operation}/{source}" for source in SOURCES)]


def _leg(operation: str, source: str, count: int) -> str:
    return operation if count == 1 else f"{operation}/{source}"


def _filled(sources: Sequence[tuple[Source, int]], wanted: int) -> list[tuple[Source, int]]:
    """How much of each source in order, those left out that give nothing."""
    parts = []
    for source, available in sources:
        amount = min(available, wanted)
        if amount:
            parts.append((source, amount))
        wanted -= amount
    return parts
