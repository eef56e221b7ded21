"""Giving back what was charged, to where it came from."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pairly.core.db import run_atomic
from pairly.core.table import Row
from pairly.realtime.services import announce
from payments import selectors
from payments.holds import ids_of_hold
from payments.ledger.accounts import BONUS, EARNINGS, PAID, SALES, house_key, personal_key
from payments.ledger.books import AccountState, Books
from payments.ledger.models import Phase
from payments.ledger.transfers import TRANSFERS, Posting

__all__ = ["return_charge", "return_part"]

SOURCES = (SALES, EARNINGS)
LEGS = tuple(f"{source}-{target}" for source in (BONUS, PAID) for target in SOURCES)


def return_charge(*, payer_id: UUID, operation: str, now: datetime) -> int:
    """Undo a charge, once for ever: bonus credits come back as bonus, paid ones as paid, and
    the payee's share from the payee, the house standing in for what the payee no longer has.

    Returns the credits, 0 when nothing was charged or it was returned before. The caller's
    transaction writes a row of its own that guards the operation, or two at once collide in the
    ledger's key. Tells the payer's devices (``wallet.updated``).
    """
    return run_atomic(lambda: _return(payer_id, operation, now))


def return_part(
    *,
    payer_id: UUID,
    payee_id: UUID | None,
    charges: Sequence[str],
    earlier: Sequence[str],
    credits: int,
    share: int,
    operation: str,
    now: datetime,
) -> None:
    """Give back a part of what these charges took from holds, paid credits before bonus ones.

    ``earlier`` names what was given back of them before, ``share`` is what of it the payee gives,
    the house standing in for what the payee no longer has. Inside a transaction that writes a row
    which guards the charges. Raises ``ValueError`` for more than is left. Tells the payer.
    """
    books = Books(now)
    own = {kind: personal_key(payer_id, kind) for kind in (PAID, BONUS)}
    payee = None if payee_id is None else personal_key(payee_id, EARNINGS)
    books.load_keys([house_key(SALES), *own.values(), *([payee] if payee else [])])
    targets = [books.account(key) for key in own.values()]
    house = books.account(house_key(SALES))
    givers = [(house, credits)]
    if payee is not None:
        gives = books.account(payee)
        part = min(share, gives.available)
        givers = [(gives, part), (house, credits - part)]
    left = _left(targets, charges, earlier)
    if sum(left) < credits:
        raise ValueError(f"{operation}: {credits} are more than is left of {left}")
    for target, most in zip(targets, left, strict=True):
        wanted = min(most, credits)
        credits -= wanted
        for place, (source, has) in enumerate(givers):
            amount = min(has, wanted)
            if amount:
                leg = f"{operation}/{target.kind}-{source.kind}"
                posting = Posting(leg, source.id, target.id, amount, "refund", operation)
                books.apply(posting)
            givers[place], wanted = (source, has - amount), wanted - amount
    books.write()
    announce([payer_id], "wallet.updated", selectors.wallet_of(payer_id).to_dict(), now)


def _left(
    targets: Sequence[AccountState], charges: Sequence[str], earlier: Sequence[str]
) -> list[int]:
    """What the charges took of each account and was not given back."""
    taken = TRANSFERS.select("id", [leg for one in charges for leg in ids_of_hold(one)])
    back_legs = [f"{one}/{t}-{s}" for one in earlier for t in (PAID, BONUS) for s in SOURCES]
    returned = TRANSFERS.select("id", back_legs)
    return [
        sum(row[3] for row in taken if row[1] == account.id and row[7] == Phase.POST.value)
        - sum(row[3] for row in returned if row[2] == account.id)
        for account in targets
    ]


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
