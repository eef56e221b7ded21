"""What a person sees of their accounts, and spending from them many at a time."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings

from pairly.outbox.services import emit
from payments.errors import InsufficientCredits, SpendingFrozen
from payments.events import CreditsLow
from payments.ledger.accounts import (
    BONUS,
    DEBT,
    DEBT_STOP,
    EARNINGS,
    FREEZE_STOP,
    PAID,
    SALES,
    house_key,
    personal_key,
)
from payments.ledger.books import AccountState, Books
from payments.ledger.transfers import NO_META, Posting, meta_text

__all__ = ["Charges", "Wallet", "matched", "require_funds", "wallet_of_states"]


class Wallet(msgspec.Struct, frozen=True):
    """Credits: all, those of them held for later, what may be spent now, and what is owed.

    Nothing may be spent while anything is owed or while staff have frozen it, so ``available``
    is then zero.
    """

    balance: int
    held: int
    available: int
    debt: int
    frozen: bool = False

    def to_dict(self) -> dict[str, int]:
        return {
            "balance": self.balance,
            "held": self.held,
            "available": self.available,
            "debt": self.debt,
            "frozen": self.frozen,
        }


def wallet_of_states(spendable: Sequence[AccountState], debt: int) -> Wallet:
    """The wallet over a person's paid and bonus accounts."""
    balance = held = stops = 0
    for state in spendable:
        balance += state.balance
        held += state.held
        stops |= state.stops
    frozen = bool(stops & FREEZE_STOP)
    return Wallet(balance, held, 0 if debt or frozen else balance - held, debt, frozen)


def require_funds(spendable: Sequence[AccountState], debt: int, credits: int) -> None:
    """Raises ``SpendingFrozen`` or ``InsufficientCredits`` unless so many credits may be spent or
    held now."""
    if any([state.stops for state in spendable]):
        if any([state.stops & FREEZE_STOP for state in spendable]):
            raise SpendingFrozen
        raise InsufficientCredits(f"{debt} credits are owed; settle them first.")
    available = sum([state.balance - state.held for state in spendable])
    if available < credits:
        raise InsufficientCredits(f"This costs {credits} credits; {available} are available.")


class Charges:
    """Charging many people for many things, inside the caller's transaction.

    Reads the accounts of all payers in one query, decides in memory in the order of the calls,
    and writes everything at once. ``payees`` may be given when shares are paid out, which saves
    a query for each. Operations must be new, as the caller has checked; a repeated one breaks
    the ledger's unique key and with it the transaction.
    """

    def __init__(
        self, payer_ids: Collection[UUID], now: datetime, payees: Collection[UUID] = ()
    ) -> None:
        self._books = Books(now)
        self._share_percent: int = settings.MESSAGE_RECIPIENT_SHARE_PERCENT
        self._low_credits: int = settings.CREDITS_LOW_CREDITS
        sales = house_key(SALES)
        keys = [sales]
        keys += [personal_key(user, kind) for user in payer_ids for kind in (BONUS, PAID)]
        if self._share_percent:
            keys += [personal_key(user, EARNINGS) for user in payees]
        self._books.load_keys(keys)
        self._sales = self._books.account(sales)
        self._debts = self._load_debts(payer_ids)
        self._spendable: dict[UUID, list[AccountState]] = {}
        self._low: list[CreditsLow] = []
        self._written = False

    def charge(
        self,
        *,
        payer_id: UUID,
        payee_id: UUID,
        credits: int,
        operation: str,
        kind: str,
        meta: Mapping[str, str] | None = None,
    ) -> Wallet:
        """Take the credits from the payer, bonus before paid; the payer's wallet afterwards.

        The payee gets ``MESSAGE_RECIPIENT_SHARE_PERCENT`` of them, rounded down, the house the
        rest. Raises ``InsufficientCredits`` or ``SpendingFrozen``, and then nothing is charged
        for this operation.
        """
        if credits < 0:
            raise ValueError(f"{operation} costs {credits}")
        if credits:
            spendable = self._spendable_of(payer_id)
            require_funds(spendable, self._debts.get(payer_id, 0), credits)
            share = credits * self._share_percent // 100
            legs = self._legs(spendable, payee_id, credits, share)
            text = meta_text(meta) if meta else NO_META
            for debit, credit, amount in legs:
                leg = operation if len(legs) == 1 else f"{operation}/{debit.kind}-{credit.kind}"
                self._books.apply(
                    Posting(leg, debit.id, credit.id, amount, kind, operation, meta=text)
                )
        wallet = self.wallet(payer_id)
        if wallet.available < self._low_credits <= wallet.available + credits:
            self._low.append(CreditsLow(payer_id, wallet.available, operation))
        return wallet

    def wallet(self, user_id: UUID) -> Wallet:
        """A payer's wallet with everything charged so far."""
        return wallet_of_states(self._spendable_of(user_id), self._debts.get(user_id, 0))

    def write(self) -> None:
        """Book what was charged. Call once, before the transaction ends."""
        if self._written:
            raise AssertionError("charges are written once")
        self._written = True
        self._books.write()
        if self._low:
            emit(*self._low)

    def _spendable_of(self, user_id: UUID) -> list[AccountState]:
        """In the order of spending; without the accounts that were never opened."""
        states = self._spendable.get(user_id)
        if states is None:
            found = (self._books.find(personal_key(user_id, kind)) for kind in (BONUS, PAID))
            states = self._spendable[user_id] = [state for state in found if state is not None]
        return states

    def _legs(
        self, spendable: Sequence[AccountState], payee_id: UUID, credits: int, share: int
    ) -> list[tuple[AccountState, AccountState, int]]:
        """Who pays whom how much: the sources in order fill the house's part, then the share."""
        targets = [(self._sales, credits - share)]
        if share:
            targets.append((self._books.account(personal_key(payee_id, EARNINGS)), share))
        sources = [(state, state.balance - state.held) for state in spendable]
        return matched(sources, targets)

    def _load_debts(self, payer_ids: Collection[UUID]) -> dict[UUID, int]:
        """Only whose accounts say so has debt to be read."""
        owing = [
            user
            for user in payer_ids
            for state in (self._books.find(personal_key(user, PAID)),)
            if state is not None and state.stops & DEBT_STOP
        ]
        if not owing:
            return {}
        self._books.load_keys([personal_key(user, DEBT) for user in owing])
        return {user: self._books.account(personal_key(user, DEBT)).balance for user in owing}


def matched(sources: Sequence[tuple[Any, int]], targets: Sequence[tuple[Any, int]]) -> list[Any]:
    """Fill the targets from the sources in order: ``[(source, target, amount), ...]``."""
    legs = []
    waiting = iter(sources)
    source, left = next(waiting)
    for target, wanted in targets:
        while wanted:
            while not left:
                source, left = next(waiting)
            amount = min(left, wanted)
            legs.append((source, target, amount))
            left, wanted = left - amount, wanted - amount
    return legs
