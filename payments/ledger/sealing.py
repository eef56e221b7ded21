"""Sealing: the waiting transfers get their place in the one order, in signed blocks.

There is no election. Whoever seals inserts block N, whose number is unique, so of two sealers
at once one wins and the other looks again. Blocks are small, because on SQLite the hot path
waits while one is written.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings
from django.db import IntegrityError

from pairly.core import signing
from pairly.core.chain import GENESIS_HASH, Head, Header, SigningKey, canonical, merkle_root
from pairly.core.clock import to_milliseconds
from pairly.core.db import StaleRead, on_commit, run_atomic
from pairly.core.table import Row, Table
from payments.ledger.books import UNSEALED
from payments.ledger.models import Block, Sealed, Transfer, Unsealed

__all__ = ["BLOCKS", "CHAIN", "SEALED", "head_of", "header_of", "seal_waiting"]

CHAIN = "ledger"
ATTEMPTS_MAX = 10

BLOCKS = Table(
    Block,
    *("number", "first_sequence", "count", "previous_hash", "root", "totals", "sealed_at"),
    *("key", "hash", "signature"),
)
SEALED = Table(Sealed, "sequence", "transfer_id", "kind")
KINDS = Table(Transfer, "id", "kind")
NOTE_SIZES = Table(Unsealed, "id", "count")


def seal_waiting(now: datetime) -> int:
    """Seal block after block until nothing waits; how many transfers that were."""
    sealed = 0
    while count := _seal_next(now):
        sealed += count
    return sealed


def header_of(row: Row) -> Header:
    """A stored block's header, as it was hashed."""
    number, first_sequence, count, previous_hash, root, totals, sealed_at, key = row[:8]
    return Header(
        chain=CHAIN,
        number=number,
        first_sequence=first_sequence,
        count=count,
        previous_hash=previous_hash,
        root=root,
        totals=totals,
        sealed_at_milliseconds=to_milliseconds(sealed_at),
        key=key,
    )


def head_of(row: Row) -> Head:
    """What is told of a stored block outside of the database."""
    header, (hash_hex, signature) = header_of(row), row[8:]
    return Head(
        chain=CHAIN,
        number=header.number,
        last_sequence=header.last_sequence,
        hash=hash_hex,
        key=header.key,
        signature=signature,
    )


def _seal_next(now: datetime) -> int:
    """Write one block. Another sealer may have been first with its number: then look again."""
    key = signing.signing_key()
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return run_atomic(lambda: _seal_block(now, key))
        except IntegrityError:
            if attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _seal_block(now: datetime, key: SigningKey) -> int:
    notes = _next_notes()
    if not notes:
        return 0
    leaves = [leaf for _id, _count, text, _house in notes for leaf in orjson.loads(text)]
    newest = BLOCKS.range("number", limit=1, descending=True)
    header = _next_header(header_of(newest[0]) if newest else None, leaves, notes, now, key)
    block = _row(header, now, key)
    BLOCKS.insert([block])
    SEALED.insert(_places(leaves, header.first_sequence))
    if UNSEALED.delete("id", [note[0] for note in notes]) != len(notes):
        raise StaleRead("another sealer took these notes")
    on_commit(lambda: signing.append_head(head_of(block)))
    return header.count


def _places(leaves: Sequence[Sequence[str]], first: int) -> list[Row]:
    """A note of an older version names no kinds; the transfers tell them."""
    unnamed = [leaf[0] for leaf in leaves if len(leaf) == 2]
    kinds: dict[str, str] = dict(KINDS.select("id", unnamed))
    return [
        (first + place, leaf[0], leaf[2] if len(leaf) > 2 else kinds[leaf[0]])
        for place, leaf in enumerate(leaves)
    ]


def _next_notes() -> list[Row]:
    """Whole notes in the order of their ids, up to a block's size and at least one."""
    size_max = settings.LEDGER_BLOCK_TRANSFERS_MAX
    size = 0
    wanted: list[int] = []
    for note_id, count in NOTE_SIZES.range("id", limit=size_max):
        size += count
        if wanted and size > size_max:
            break
        wanted.append(note_id)
    return sorted(UNSEALED.select("id", wanted))


def _next_header(
    previous: Header | None,
    leaves: Sequence[Sequence[str]],
    notes: Sequence[Row],
    now: datetime,
    key: SigningKey,
) -> Header:
    return Header(
        chain=CHAIN,
        number=previous.number + 1 if previous else 1,
        first_sequence=previous.last_sequence + 1 if previous else 1,
        count=len(leaves),
        previous_hash=previous.hash() if previous else GENESIS_HASH,
        root=merkle_root([bytes.fromhex(leaf[1]) for leaf in leaves]).hex(),
        totals=_totals(previous.totals if previous else "{}", notes),
        sealed_at_milliseconds=to_milliseconds(now),
        key=key.public_key,
    )


def _totals(before: str, notes: Sequence[Row]) -> str:
    """What each house account stands at, carried from block to block."""
    totals = {name: int(amount) for name, amount in orjson.loads(before).items()}
    for _id, _count, _leaves, house in notes:
        for name, gained in orjson.loads(house).items():
            totals[name] = totals.get(name, 0) + gained
    return canonical({name: str(amount) for name, amount in totals.items()}).decode()


def _row(header: Header, now: datetime, key: SigningKey) -> tuple[Any, ...]:
    hash_hex = header.hash()
    return (
        *(header.number, header.first_sequence, header.count, header.previous_hash),
        *(header.root, header.totals, now, header.key, hash_hex, key.sign(hash_hex)),
    )
