"""Giving back what was charged, to where it came from: in one way, however it was charged."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from pairly.outbox.services import emit
from pairly.realtime.services import announce
from payments import selectors
from payments.debts import settle_debt
from payments.events import CreditsAdded
from payments.holds import SHARE_LEG, ids_of_hold
from payments.ledger.accounts import BONUS, EARNINGS, PAID, SALES, house_key, personal_key
from payments.ledger.books import AccountState, Books
from payments.ledger.models import Phase
from payments.ledger.transfers import TRANSFERS, Posting, posting_of
from payments.wallets import matched

__all__ = ["return_charges"]

POCKETS = (PAID, BONUS)
LEGS = tuple(f"{pocket}-{other}" for pocket in POCKETS for other in (SALES, EARNINGS))
TAKEN = (Phase.POSTED.value, Phase.POST.value)


def return_charges(
    *,
    payer_id: UUID,
    charges: Sequence[str],
    operation: str,
    now: datetime,
    credits: int | None = None,
    earlier: Sequence[str] = (),
) -> int:
    """Give back so many of the credits that these charges took, None for all that is left; how
    many, 0 when nothing is.

    Paid credits come back before bonus ones. The payee gives up its share in proportion, rounded
    down over all that was given back, the house standing in for what the payee no longer has.
    What the payer owes by now is paid first. ``earlier`` names what was given back before; the
    operation itself counts, so done again it finds nothing left.

    Inside a transaction that writes a row which guards the charges. Raises ``ValueError`` for more
    than is left. Tells the payer's devices (``wallet.updated``).
    """
    books = Books(now)
    charged = [one for one in _read(_ids_of_charge, charges) if one.phase in TAKEN]
    books.load_ids(account for one in charged for account in (one.debit, one.credit))
    books.load_keys([house_key(SALES), *(personal_key(payer_id, kind) for kind in POCKETS)])
    pockets = [books.account(personal_key(payer_id, kind)) for kind in POCKETS]
    returned = _read(_ids_of_return, [operation, *earlier])
    left = [_taken(charged, one) - _given(returned, one) for one in pockets]
    credits = sum(left) if credits is None else credits
    if credits > sum(left):
        raise ValueError(f"{operation}: {credits} are more than is left of {left}")
    if not credits:
        return 0
    first = min(left[0], credits)
    targets = list(zip(pockets, (first, credits - first), strict=True))
    for source, target, amount in matched(_givers(books, charged, left, credits), targets):
        leg = f"{operation}/{target.kind}-{source.kind}"
        books.apply(Posting(leg, source.id, target.id, amount, "refund", operation))
    books.write()
    settle_debt(payer_id, operation, now)
    announce([payer_id], "wallet.updated", selectors.wallet_of(payer_id).to_dict(), now)
    emit(CreditsAdded(payer_id, credits, "refund", operation))
    return credits


def _givers(
    books: Books, charged: Sequence[Posting], left: Sequence[int], credits: int
) -> list[tuple[AccountState, int]]:
    """Who gives how much of it: the payee first, the house the rest."""
    house = books.account(house_key(SALES))
    shares = [one for one in charged if books.by_id(one.credit).kind == EARNINGS]
    if not shares:
        return [(house, credits)]
    payee = books.by_id(shares[0].credit)
    shared = sum(one.amount for one in shares)
    total = sum(one.amount for one in charged if not books.by_id(one.debit).is_house)
    before = total - sum(left)
    due = shared * (before + credits) // total - shared * before // total
    part = min(due, payee.available)
    return [(payee, part), (house, credits - part)]


def _taken(postings: Iterable[Posting], account: AccountState) -> int:
    return sum(one.amount for one in postings if one.debit == account.id)


def _given(postings: Iterable[Posting], account: AccountState) -> int:
    return sum(one.amount for one in postings if one.credit == account.id)


def _read(ids_of: Callable[[str], list[str]], operations: Sequence[str]) -> list[Posting]:
    ids = [leg for operation in operations for leg in ids_of(operation)]
    return [posting_of(row) for row in TRANSFERS.select("id", ids)]


def _ids_of_charge(operation: str) -> list[str]:
    """One transfer, or one for each pair of accounts, or what was taken from a hold."""
    return [*ids_of_hold(operation), f"{operation}/{SHARE_LEG}", *_legs_of(operation)]


def _ids_of_return(operation: str) -> list[str]:
    return [operation, *_legs_of(operation)]


def _legs_of(operation: str) -> list[str]:
    return [f"{operation}/{leg}" for leg in LEGS]
