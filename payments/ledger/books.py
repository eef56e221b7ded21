"""The accounts of one transaction in memory: read once, decided on in order, written at once.

Every change of the ledger goes through ``Books``. It reads the accounts involved in one query,
applies transfers one after another against the balances in memory, refuses what a balance does
not allow, and writes everything with one bulk statement a table. What another transaction
changed in between is noticed by compare-and-set and the block is run again.
"""

import threading
import time
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

import orjson
from django.db import IntegrityError

from pairly.core.clock import to_milliseconds
from pairly.core.db import StaleRead
from pairly.core.table import Row, Table
from payments.errors import HoldResolved, InsufficientCredits
from payments.ledger.accounts import BONUS, DEBT, DEBT_STOP, HOUSE, PAID, account_id
from payments.ledger.models import Account, OpenHold, Phase, Unsealed
from payments.ledger.transfers import TRANSFERS, Posting, row_of

__all__ = ["ACCOUNTS", "OPEN_HOLDS", "UNSEALED", "AccountState", "Books", "every_row", "unresolved"]

ACCOUNTS = Table(Account, "id", "key", "balance", "held", "stops", hex_ids=True)
NEW_ACCOUNTS = Table(
    Account,
    *("id", "key", "owner_id", "kind", "asset", "balance", "held", "stops", "created_at"),
    hex_ids=True,
)
OPEN_HOLDS = Table(OpenHold, "transfer_id", "created_at")
UNSEALED = Table(Unsealed, "id", "count", "leaves", "house")

ROWS_AT_ONCE = 1000
NOTE_TRANSFERS_MAX = 100
"""A note is sealed as a whole, so it must be small against a block."""

_POSTED, _PENDING, _POST = Phase.POSTED.value, Phase.PENDING.value, Phase.POST.value
_VOID = Phase.VOID.value


class AccountState:
    """One account as this transaction sees it, its own changes included."""

    __slots__ = ("asset", "balance", "held", "id", "key", "kind", "owner", "stops", "stored")

    id: str
    key: str
    balance: int
    held: int
    stops: int

    def __init__(self, row: Row) -> None:
        self.id, self.key, self.balance, self.held, self.stops = row
        self.owner, self.kind, self.asset = self.key.split(":")
        self.stored = row[2:]

    @property
    def is_house(self) -> bool:
        return self.owner == HOUSE

    @property
    def available(self) -> int:
        return self.balance - self.held


class Books:
    """Use inside one transaction, and call ``write`` last."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._milliseconds = str(to_milliseconds(now))
        self._by_id: dict[str, AccountState] = {}
        self._by_key: dict[str, AccountState] = {}
        self._opened: list[AccountState] = []
        self._rows: list[tuple[Any, ...]] = []
        self._house: dict[str, int] = {}
        self._noted: list[tuple[int, dict[str, int]]] = []
        self._pending: dict[str, Posting] = {}
        self._held_now: set[str] = set()
        self._resolved: set[str] = set()

    # Accounts

    def load_ids(self, ids: Iterable[str]) -> None:
        self._remember(ACCOUNTS.select("id", set(ids) - self._by_id.keys()))

    def load_keys(self, keys: Iterable[str]) -> None:
        self._remember(ACCOUNTS.select("key", set(keys) - self._by_key.keys()))

    def find(self, key: str) -> AccountState | None:
        """An account that was loaded; None if it was never opened."""
        return self._by_key.get(key)

    def by_id(self, account_id: str) -> AccountState:
        """An account that was loaded."""
        return self._by_id[account_id]

    def account(self, key: str) -> AccountState:
        """The account of that name, opened if need be."""
        if key not in self._by_key:
            self.load_keys([key])
        return self._by_key.get(key) or self.open(key)

    def open(self, key: str) -> AccountState:
        """A new account, after the caller has seen that there is none."""
        state = AccountState((account_id(key), key, 0, 0, 0))
        self._opened.append(state)
        self._by_key[key] = self._by_id[state.id] = state
        return state

    def _remember(self, rows: Iterable[tuple[Any, ...]]) -> None:
        for row in rows:
            state = AccountState(row)
            self._by_id[state.id] = self._by_key[state.key] = state

    # Transfers

    def load_pending(self, postings: Iterable[Posting]) -> None:
        """The pending transfers that posts and voids are about to end."""
        self._pending |= {posting.id: posting for posting in postings}

    def apply(self, posting: Posting) -> tuple[Any, ...]:
        """Decide on one transfer and remember it; its row.

        Raises ``InsufficientCredits``, ``HoldResolved``, or ``ValueError`` when it makes no
        sense (an unknown account, another asset, an amount below one). A refused transfer
        leaves the books as they were.
        """
        debit, credit = self._by_id.get(posting.debit), self._by_id.get(posting.credit)
        if debit is None or credit is None or debit is credit:
            raise ValueError(f"{posting.id} must be between two accounts that exist")
        if posting.amount < 1 or not posting.asset == debit.asset == credit.asset:
            raise ValueError(f"{posting.id} must move a positive amount of its accounts' asset")
        if not posting.id.startswith(posting.group):
            raise ValueError(f"{posting.id} must begin with its group, by which it is found")
        phase = posting.phase
        if phase == _POSTED:
            self._move(debit, credit, posting.amount)
        elif phase == _PENDING:
            self._hold(debit, posting)
        else:
            self._resolve(debit, credit, posting)
        row = row_of(posting, self._now, self._milliseconds)
        self._rows.append(row)
        if not len(self._rows) % NOTE_TRANSFERS_MAX:
            self._close_note()
        return row

    def _move(self, debit: AccountState, credit: AccountState, amount: int) -> None:
        """Both sides are checked before either changes."""
        house = self._house
        if debit.owner != HOUSE and debit.kind != DEBT and amount > debit.balance - debit.held:
            raise InsufficientCredits(f"{amount} are wanted and {debit.available} available.")
        if credit.kind == DEBT and amount > credit.balance:
            raise ValueError(f"{credit.key} owes less than {amount}")
        if debit.owner == HOUSE:
            house[debit.key] = house.get(debit.key, 0) - amount
        else:
            debit.balance += amount if debit.kind == DEBT else -amount
        if credit.owner == HOUSE:
            house[credit.key] = house.get(credit.key, 0) + amount
        else:
            credit.balance += -amount if credit.kind == DEBT else amount

    def _hold(self, debit: AccountState, posting: Posting) -> None:
        if debit.is_house or debit.kind == DEBT:
            raise ValueError(f"{posting.id} must hold what a person owns")
        if posting.amount > debit.available:
            raise InsufficientCredits(
                f"{posting.amount} are to be held and {debit.available} available."
            )
        debit.held += posting.amount
        self._pending[posting.id] = posting
        self._held_now.add(posting.id)

    def _resolve(self, debit: AccountState, credit: AccountState, posting: Posting) -> None:
        pending = self._pending.get(posting.resolves)
        if posting.resolves in self._resolved:
            raise HoldResolved()
        if pending is None or pending.phase != _PENDING:
            raise ValueError(f"{posting.id} must resolve a pending transfer")
        if (pending.debit, pending.credit) != (posting.debit, posting.credit):
            raise ValueError(f"{posting.id} must be between the accounts of what it resolves")
        exact = posting.phase == _VOID
        if posting.amount > pending.amount or (exact and posting.amount != pending.amount):
            raise ValueError(f"{posting.id} must not exceed what is held; a void frees it all")
        debit.held -= pending.amount
        if posting.phase == _POST:
            self._move(debit, credit, posting.amount)
        self._resolved.add(posting.resolves)

    # Writing

    def write(self) -> None:
        """Everything in one bulk statement a table. Raises ``StaleRead`` or ``IntegrityError``."""
        changed = self._changed()
        if any([state.kind == DEBT for state in changed]):
            self._mirror_debt()
            changed = self._changed()
        self._write_opened()
        TRANSFERS.insert(self._rows)
        self._write_balances(changed)
        self._write_holds()
        self._write_notes()

    def _changed(self) -> list[AccountState]:
        return [
            state
            for state in self._by_id.values()
            if (state.balance, state.held, state.stops) != state.stored
        ]

    def _mirror_debt(self) -> None:
        """Who owes may not spend: the accounts that are spent from say so themselves."""
        debts = [state for state in self._changed() if state.kind == DEBT]
        keys = {f"{debt.owner}:{kind}:{debt.asset}" for debt in debts for kind in (PAID, BONUS)}
        self.load_keys(keys)
        for debt in debts:
            for kind in (PAID, BONUS):
                spent_from = self.account(f"{debt.owner}:{kind}:{debt.asset}")
                stops = spent_from.stops & ~DEBT_STOP
                spent_from.stops = stops | DEBT_STOP if debt.balance else stops

    def _write_opened(self) -> None:
        if not self._opened:
            return
        rows = []
        for state in self._opened:
            owner = None if state.is_house else state.owner
            head = (state.id, state.key, owner, state.kind, state.asset)
            rows.append((*head, state.balance, state.held, state.stops, self._now))
        NEW_ACCOUNTS.insert(rows)

    def _write_balances(self, changed: Iterable[AccountState]) -> None:
        columns = ("balance", "held", "stops")
        opened = set(self._opened)
        rows = [
            (state.id, *state.stored, state.balance, state.held, state.stops)
            for state in changed
            if state not in opened
        ]
        rows.sort()
        ACCOUNTS.compare_and_set("id", expected=columns, new=columns, rows=rows)

    def _write_holds(self) -> None:
        """A hold whose note is gone was resolved by somebody else since it was read."""
        held = self._held_now - self._resolved
        OPEN_HOLDS.insert([(transfer_id, self._now) for transfer_id in sorted(held)])
        ended = self._resolved - self._held_now
        if OPEN_HOLDS.delete("transfer_id", ended) != len(ended):
            raise StaleRead("a hold was resolved by another transaction")

    def _close_note(self) -> None:
        self._noted.append((len(self._rows), self._house))
        self._house = {}

    def _write_notes(self) -> None:
        if len(self._rows) % NOTE_TRANSFERS_MAX:
            self._close_note()
        start, notes = 0, []
        for end, house in self._noted:
            leaves = [(row[0], row[11], row[5]) for row in self._rows[start:end]]
            notes.append((_note_ids.next(), len(leaves), _json(leaves), _json(house)))
            start = end
        try:
            UNSEALED.insert(notes)
        except IntegrityError as error:  # another process wrote in the same nanosecond
            raise StaleRead("a note's id was taken") from error


class NoteIds:
    """The time in nanoseconds, and one more if that was given already. Fits 63 bits until 2262."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        with self._lock:
            self._last = max(time.time_ns(), self._last + 1)
            return self._last


_note_ids = NoteIds()


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def unresolved(hold_ids: Collection[str]) -> set[str]:
    """Which of the pending transfers still wait for their post or void."""
    return {row[0] for row in OPEN_HOLDS.select("transfer_id", hold_ids)}


def every_row(table: Table, key: str) -> Iterator[Row]:
    """All rows in the order of the key, which is the first column, some at a time."""
    after = None
    while rows := table.range(key, after=after, limit=ROWS_AT_ONCE):
        yield from rows
        after = rows[-1][0]
