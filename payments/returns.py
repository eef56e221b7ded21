"""Giving back what was charged, to where it came from."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pairly.core.db import run_atomic
from pairly.core.table import Row
from pairly.realtime.services import announce
from payments import selectors
from payments.ledger.accounts import BONUS, EARNINGS, PAID, SALES, house_key
from payments.ledger.books import AccountState, Books
from payments.ledger.transfers import TRANSFERS, Posting

__all__ = ["return_charge"]

LEGS = tuple(f"{source}-{target}" for source in (BONUS, PAID) for target in (SALES, EARNINGS))


def return_charge(*, payer_id: UUID, operation: str, now: datetime) -> int:
    """Undo a charge, once for ever: bonus credits come back as bonus, paid ones as paid, and
    the payee's share from the payee, the house standing in for what the payee no longer has.

    Returns the credits, 0 when nothing was charged or it was returned before. The caller's
    transaction writes a row of its own that guards the operation, or two at once collide in the
    ledger's key. Tells the payer's devices (``wallet.updated``).
    """
    return run_atomic(lambda: _return(payer_id, operation, now))


def _return(payer_id: UUID, operation: str, now: datetime) -> int:
    group = f"refund of {operation}"
    charged = TRANSFERS.select("id", _ids_of(operation))
    if not charged or TRANSFERS.select("id", _ids_of(group)):
        return 0
    books = Books(now)
    books.load_ids(account for row in charged for account in row[1:3])
    books.load_keys([house_key(SALES)])
    moves = _moves(books, charged)
    for (source, target), amount in moves.items():
        leg = group if len(moves) == 1 else f"{group}/{target.kind}-{source.kind}"
        books.apply(Posting(leg, source.id, target.id, amount, "refund", group))
    books.write()
    announce([payer_id], "wallet.updated", selectors.wallet_of(payer_id).to_dict(), now)
    return sum(moves.values())


def _ids_of(operation: str) -> list[str]:
    """A charge is one transfer, or one for each pair of accounts."""
    return [operation, *(f"{operation}/{leg}" for leg in LEGS)]


def _moves(books: Books, charged: Sequence[Row]) -> dict[tuple[AccountState, AccountState], int]:
    """Who gives how much back to whom."""
    house = books.account(house_key(SALES))
    left: dict[AccountState, int] = {}
    moves: dict[tuple[AccountState, AccountState], int] = {}
    for _id, debit, credit, amount, *_rest in charged:
        payer, payee = books.by_id(debit), books.by_id(credit)
        has = amount if payee.is_house else left.get(payee, payee.available)
        own = min(amount, has)
        left[payee] = has - own
        for source, part in ((payee, own), (house, amount - own)):
            if part:
                moves[source, payer] = moves.get((source, payer), 0) + part
    return moves
