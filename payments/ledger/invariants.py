"""What must be true of the ledger at every moment, each as a function that tests and the
nightly job call.

Each returns sentences that name what is wrong, none if all is well, and reads in one snapshot,
so the server may be writing.
"""

from collections.abc import Callable, Iterator
from typing import Final

import orjson

from pairly.core.db import snapshot
from pairly.core.table import Row
from payments.ledger.accounts import BONUS, DEBT, DEBT_STOP, PAID
from payments.ledger.books import ACCOUNTS, OPEN_HOLDS, UNSEALED, every_row
from payments.ledger.models import Phase
from payments.ledger.sealing import BLOCKS
from payments.ledger.transfers import TRANSFERS

__all__ = [
    "INVARIANTS",
    "available_is_never_negative",
    "debits_equal_credits",
    "debt_blocks_spending",
    "held_is_what_open_holds_hold",
    "orphan_holds",
    "violations",
]

ROWS_AT_ONCE = 1000

Invariant = Callable[[], list[str]]


def violations() -> list[str]:
    """All that is wrong, by all invariants."""
    return [sentence for invariant in INVARIANTS for sentence in invariant()]


def debits_equal_credits() -> list[str]:
    """Per asset, what people own (less what they owe) and what the house stands at make zero."""
    sums: dict[str, int] = {}
    with snapshot():
        for _id, key, balance, _held, _stops in every_row(ACCOUNTS, "id"):
            _owner, kind, asset = key.split(":")
            sums[asset] = sums.get(asset, 0) + (-balance if kind == DEBT else balance)
        for key, amount in _house_totals():
            asset = key.split(":")[2]
            sums[asset] = sums.get(asset, 0) + amount
    return [f"{asset}: the accounts come to {sums[asset]}, not 0" for asset in sums if sums[asset]]


def available_is_never_negative() -> list[str]:
    """No balance is below zero, and none is below what is held of it."""
    with snapshot():
        return [
            f"{key} stands at {balance}, {held} of it held"
            for _id, key, balance, held, _stops in every_row(ACCOUNTS, "id")
            if not 0 <= held <= balance
        ]


def held_is_what_open_holds_hold() -> list[str]:
    """Each account's held part is the sum of the pending transfers that wait for their end."""
    expected: dict[str, int] = {}
    wrong = []
    with snapshot():
        for transfer_id, row in _open_holds():
            if row is None or row[7] != Phase.PENDING:
                wrong.append(f"{transfer_id} is noted as an open hold and is none")
                continue
            expected[row[1]] = expected.get(row[1], 0) + row[3]
        for account, key, _balance, held, _stops in every_row(ACCOUNTS, "id"):
            if held != expected.get(account, 0):
                wrong.append(f"{key} holds {held}, its open holds {expected.get(account, 0)}")
    return wrong


def debt_blocks_spending() -> list[str]:
    """The paid and bonus accounts of who owes say so, and those of nobody else."""
    debts: set[str] = set()
    marked: dict[str, set[str]] = {}
    with snapshot():
        for _id, key, balance, _held, stops in every_row(ACCOUNTS, "id"):
            owner, kind, _asset = key.split(":")
            if kind == DEBT and balance:
                debts.add(owner)
            if kind in (PAID, BONUS) and stops & DEBT_STOP:
                marked.setdefault(owner, set()).add(kind)
    wrong = [f"{owner} owes and may spend" for owner in debts if len(marked.get(owner, ())) < 2]
    free = marked.keys() - debts
    return wrong + [f"{owner} is stopped for debt and owes nothing" for owner in free]


def orphan_holds(is_live: Callable[[str], bool]) -> list[str]:
    """Open holds whose group (a call, a review, a refund) has ended without resolving them."""
    with snapshot():
        return [
            f"{transfer_id} is held for {row[6]}, which is over"
            for transfer_id, row in _open_holds()
            if row is not None and not is_live(row[6])
        ]


INVARIANTS: Final[tuple[Invariant, ...]] = (
    debits_equal_credits,
    available_is_never_negative,
    held_is_what_open_holds_hold,
    debt_blocks_spending,
)


def _house_totals() -> Iterator[tuple[str, int]]:
    """From the newest block and from what waits for the next one."""
    for block in BLOCKS.range("number", limit=1, descending=True):
        for key, amount in orjson.loads(block[5]).items():
            yield key, int(amount)
    for note in every_row(UNSEALED, "id"):
        yield from orjson.loads(note[3]).items()


def _open_holds() -> Iterator[tuple[str, Row | None]]:
    """With their transfers."""
    after = None
    while notes := OPEN_HOLDS.range("transfer_id", after=after, limit=ROWS_AT_ONCE):
        ids = [transfer_id for transfer_id, _created_at in notes]
        rows = {row[0]: row for row in TRANSFERS.select("id", ids)}
        yield from ((transfer_id, rows.get(transfer_id)) for transfer_id in ids)
        after = ids[-1]
