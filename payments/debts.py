"""What people owe: credits whose money went back after they had been spent."""

from datetime import datetime
from uuid import UUID

from payments.ledger.accounts import DEBT, PAID, personal_key
from payments.ledger.books import ACCOUNTS, AccountState
from payments.ledger.services import post
from payments.ledger.transfers import Posting

__all__ = ["settle_debt"]


def settle_debt(user_id: UUID, operation: str, now: datetime) -> int:
    """Pay what a person owes from their free paid credits, as far as these go; how many.

    Call it at the end of whatever gives or frees paid credits, in its transaction; the transfer
    is ``<operation>/settled``. Gifts settle nothing: what is owed is credits whose money went
    back, and only credits that were paid for make up for them.
    """
    keys = [personal_key(user_id, kind) for kind in (PAID, DEBT)]
    states = {row[1]: AccountState(row) for row in ACCOUNTS.select("key", keys)}
    paid, debt = (states.get(key) for key in keys)
    if paid is None or debt is None:
        return 0
    amount = min(paid.available, debt.balance)
    if amount:
        settlement = Posting(
            id=f"{operation}/settled",
            debit=paid.id,
            credit=debt.id,
            amount=amount,
            kind="debt_settled",
            group=operation,
        )
        post([settlement], now)
    return amount
