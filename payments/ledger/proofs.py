"""Proof that a transfer is in the chain, which its owner can check without trusting the server.

How to check one is described in ``docs/ledger.md``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pairly.core import signing
from pairly.core.chain import inclusion_path
from pairly.core.clock import to_milliseconds
from pairly.core.errors import NotFound
from pairly.core.table import Row, Table
from payments.ledger.books import ACCOUNTS
from payments.ledger.models import Transfer
from payments.ledger.sealing import BLOCKS, SEALED, header_of, seal_waiting
from payments.ledger.transfers import TRANSFERS, leaf_of, posting_of

__all__ = ["HeadView", "Proof", "ledger_head", "prove", "prove_any"]

LEAF_HASHES = Table(Transfer, "id", "leaf_hash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """``leaf`` is the text whose bytes were hashed; ``path`` leads from its hash to the root in
    ``header``; ``hash`` is the header's and ``signature`` is of it, by ``key``."""

    transfer_id: str
    sequence: int
    leaf: str
    leaf_hash: str
    index: int
    path: list[str]
    header: dict[str, str]
    hash: str
    signature: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadView:
    """The newest signed head (all empty before the first block), and the keys we sign with."""

    block: int
    sequence: int
    hash: str
    signature: str
    key: str
    sealed_at: datetime | None
    keys: list[str]


def ledger_head() -> HeadView:
    keys = signing.trusted_public_keys()
    rows = BLOCKS.range("number", limit=1, descending=True)
    if not rows:
        return HeadView(
            block=0, sequence=0, hash="", signature="", key="", sealed_at=None, keys=keys
        )
    header = header_of(rows[0])
    return HeadView(
        block=header.number,
        sequence=header.last_sequence,
        hash=rows[0][8],
        signature=rows[0][9],
        key=header.key,
        sealed_at=rows[0][6],
        keys=keys,
    )


def prove(*, user_id: UUID, transfer_id: str, now: datetime) -> Proof:
    """Prove one of the person's transfers. Raises ``NotFound`` for those of others."""
    row = _transfer(transfer_id)
    accounts = ACCOUNTS.select("id", row[1:3])
    if not any(key.startswith(f"{user_id.hex}:") for _id, key, *_rest in accounts):
        raise NotFound
    return _prove(row, now)


def prove_any(*, transfer_id: str, now: datetime) -> Proof:
    """Prove a transfer, whosever it is. Raises ``NotFound``."""
    return _prove(_transfer(transfer_id), now)


def _prove(row: Row, now: datetime) -> Proof:
    """Lead from the transfer to a signed block, sealing one if it still waits for that."""
    transfer_id = row[0]
    places = SEALED.select("transfer_id", [transfer_id])
    if not places:
        seal_waiting(now)
        places = SEALED.select("transfer_id", [transfer_id])
    sequence: int = places[0][0]
    (block,) = BLOCKS.range("first_sequence", up_to=sequence, limit=1, descending=True)
    header = header_of(block)
    index = sequence - header.first_sequence
    path = inclusion_path(_leaves(header.first_sequence, header.last_sequence), index)
    milliseconds = str(to_milliseconds(row[9]))
    return Proof(
        transfer_id=transfer_id,
        sequence=sequence,
        leaf=leaf_of(posting_of(row), milliseconds).decode(),
        leaf_hash=row[11],
        index=index,
        path=[node.hex() for node in path],
        header=header.record(),
        hash=block[8],
        signature=block[9],
        key=header.key,
    )


def _transfer(transfer_id: str) -> Row:
    rows = TRANSFERS.select("id", [transfer_id])
    if not rows:
        raise NotFound
    return rows[0]


def _leaves(first: int, last: int) -> list[bytes]:
    """The leaf hashes of a block, in order."""
    places = SEALED.range("sequence", after=first - 1, up_to=last, limit=last - first + 1)
    ids = [transfer_id for _sequence, transfer_id, _kind in places]
    hashes: dict[str, Any] = dict(LEAF_HASHES.select("id", ids))
    return [bytes.fromhex(hashes[transfer_id]) for transfer_id in ids]
