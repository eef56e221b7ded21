"""Writing to the ledger: lists in, lists out, all or nothing.

A repeated id returns what was written first; with other content it is an error. Transfers that
belong together share a group and are written by one call.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from django.db import IntegrityError

from pairly.core.db import in_atomic_block, run_atomic
from pairly.core.errors import PairlyError
from payments.errors import HoldResolved, TransferConflict
from payments.ledger.books import Books, unresolved
from payments.ledger.models import Phase
from payments.ledger.transfers import TRANSFERS, Posted, Posting, meta_text, posting_of

__all__ = ["account_ids", "open_accounts", "pending", "post", "resolution"]

ATTEMPTS_MAX = 3


def post(postings: Sequence[Posting], now: datetime) -> list[Posted]:
    """Write the transfers in order, each checked against the balances before it.

    Raises ``TransferConflict`` (an id was used for something else), ``InsufficientCredits``,
    ``HoldResolved``, or ``ValueError`` for what makes no sense; then nothing is written. Inside
    a transaction it joins it, and somebody else's insert of the same id is its
    ``IntegrityError``; on its own it then looks again and finds the first.
    """
    if not in_atomic_block():
        # Nearly all ids are new, and the unique key tells when one is not: look only then.
        with suppress(IntegrityError, PairlyError, ValueError):
            return run_atomic(lambda: _post(postings, now, {}))
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return run_atomic(lambda: _post(postings, now, _known(one.id for one in postings)))
        except IntegrityError:
            if in_atomic_block() or attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def pending(posting: Posting) -> Posting:
    """The same as a hold: the amount counts as spent until it is posted or voided."""
    return _changed(posting, phase=Phase.PENDING.value)


def resolution(
    hold: Posting, *, id: str, amount: int, kind: str, meta: Mapping[str, str] | None = None
) -> Posting:
    """The end of a hold: ``amount`` of it is posted and the rest freed; 0 voids it whole."""
    return _changed(
        hold,
        id=id,
        amount=amount or hold.amount,
        kind=kind,
        phase=(Phase.POST if amount else Phase.VOID).value,
        resolves=hold.id,
        meta=meta_text(meta or {}),
    )


def open_accounts(keys: Collection[str], now: datetime) -> None:
    """Open those of the accounts that are not open yet. Call inside a transaction."""
    books = Books(now)
    books.load_keys(keys)
    for key in keys:
        if books.find(key) is None:
            books.open(key)
    books.write()


def account_ids(keys: Collection[str], now: datetime) -> dict[str, str]:
    """The ids of accounts by their names, opened where need be."""

    def look_up() -> dict[str, str]:
        books = Books(now)
        books.load_keys(keys)
        found = {key: books.account(key).id for key in keys}
        books.write()
        return found

    return run_atomic(look_up)


def _changed(posting: Posting, **values: object) -> Posting:
    fields = {name: getattr(posting, name) for name in Posting.__struct_fields__}
    return Posting(**{**fields, **values})


def _post(postings: Sequence[Posting], now: datetime, known: dict[str, Posted]) -> list[Posted]:
    """``known`` are those of the ids that are booked already."""
    books = Books(now)
    fresh = [posting for posting in postings if posting.id not in known]
    if fresh:
        books.load_ids(_account_ids(fresh))
        _load_holds(books, fresh, known)
    answers = []
    for posting in postings:
        first = known.get(posting.id)
        if first is None:
            row = books.apply(posting)
            first = Posted(posting, now, row[-1], False)
            known[posting.id] = Posted(posting, now, first.leaf_hash, True)
        elif first.posting != posting:
            raise TransferConflict(f"{posting.id} was already booked with other content.")
        answers.append(first)
    if fresh:
        books.write()
    return answers


def _known(ids: Iterable[str]) -> dict[str, Posted]:
    rows = TRANSFERS.select("id", list(ids))
    return {row[0]: Posted(posting_of(row), row[9], row[11], True) for row in rows}


def _account_ids(postings: Iterable[Posting]) -> set[str]:
    return {account for posting in postings for account in (posting.debit, posting.credit)}


def _load_holds(books: Books, postings: Sequence[Posting], known: dict[str, Posted]) -> None:
    """What is about to be resolved; raises ``HoldResolved`` if some of it already is."""
    wanted = {posting.resolves for posting in postings if posting.resolves}
    wanted -= {posting.id for posting in postings if wanted}
    if not wanted:
        return
    stored = [posted.posting for posted in _known(wanted).values()]
    holds = {posting.id for posting in stored if posting.phase == Phase.PENDING}
    if holds - unresolved(holds):
        raise HoldResolved()
    books.load_pending(stored)
