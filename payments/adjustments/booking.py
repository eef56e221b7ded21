"""An adjustment as transfers. No more is taken than is free; the rest may become debt."""

from datetime import datetime

from payments.adjustments.models import Adjustment, Kind
from payments.debts import settle_debt
from payments.errors import InsufficientCredits, NothingOwed
from payments.ledger.accounts import (
    ADJUSTMENTS,
    BONUS,
    DEBT,
    PAID,
    PROMOTIONS,
    WRITE_OFF,
    house_key,
    personal_key,
)
from payments.ledger.books import ACCOUNTS, AccountState
from payments.ledger.services import account_ids, post
from payments.ledger.transfers import Posting

__all__ = ["book", "operation_of"]

POCKETS = {
    Kind.GIVE_BONUS: (BONUS, PROMOTIONS),
    Kind.TAKE_BONUS: (BONUS, PROMOTIONS),
    Kind.GIVE_PAID: (PAID, ADJUSTMENTS),
    Kind.TAKE_PAID: (PAID, ADJUSTMENTS),
    Kind.WRITE_OFF: (DEBT, WRITE_OFF),
}
"""The person's account and the house's: gifts come out of promotions and go back there, what was
paid for is put right from an account of its own, so that sales stay what was sold."""


def operation_of(adjustment: Adjustment) -> str:
    word = "goodwill" if adjustment.kind == Kind.GIVE_BONUS else "adjustment"
    return f"{word}:{adjustment.pk}"


def book(adjustment: Adjustment, now: datetime) -> None:
    """Write the transfers, in the caller's transaction. Paid credits settle debt first.

    Raises ``InsufficientCredits`` when more is to be taken than is free and no debt is to be
    booked, ``NothingOwed`` when more is to be written off than is owed.
    """
    kind, house_kind = POCKETS[Kind(adjustment.kind)]
    keys = [
        personal_key(adjustment.user_id, kind),
        house_key(house_kind),
        personal_key(adjustment.user_id, DEBT),
    ]
    ids = account_ids(keys, now)
    own, house, debt = (ids[key] for key in keys)
    if adjustment.kind in (Kind.GIVE_BONUS, Kind.GIVE_PAID):
        legs = [(house, own, adjustment.credits, "")]
    elif adjustment.kind == Kind.WRITE_OFF:
        _require_owed(keys[0], adjustment.credits)
        legs = [(house, own, adjustment.credits, "")]
    else:
        legs = _taken(adjustment, keys[0], own, house, debt)
    post([_posting(adjustment, *leg) for leg in legs], now)
    if adjustment.kind == Kind.GIVE_PAID:
        settle_debt(adjustment.user_id, operation_of(adjustment), now)


def _taken(
    adjustment: Adjustment, key: str, own: str, house: str, debt: str
) -> list[tuple[str, str, int, str]]:
    """From the account as far as it goes, then as debt."""
    free = _state(key).available
    taken = min(free, adjustment.credits)
    owed = adjustment.credits - taken
    if owed and not adjustment.book_debt:
        raise InsufficientCredits(f"Only {free:,} credits are free there.")
    legs = [(own, house, taken, ""), (debt, house, owed, "/debt")]
    return [leg for leg in legs if leg[2]]


def _require_owed(key: str, credits: int) -> None:
    owed = _state(key).balance
    if credits > owed:
        raise NothingOwed(f"{owed:,} credits are owed.")


def _state(key: str) -> AccountState:
    (row,) = ACCOUNTS.select("key", [key])
    return AccountState(row)


def _posting(adjustment: Adjustment, debit: str, credit: str, amount: int, leg: str) -> Posting:
    operation = operation_of(adjustment)
    return Posting(
        id=operation + leg,
        debit=debit,
        credit=credit,
        amount=amount,
        kind=operation.partition(":")[0],
        group=operation,
    )
