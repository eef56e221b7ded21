"""Sealing: waiting entries get their place in the one order, in signed blocks.

The same way as the ledger: whoever inserts block N, whose number is unique, has sealed it; of
two sealers at once the other looks again.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError

from pairly.audit.models import AuditBlock, AuditEntry, Sealed, Unsealed
from pairly.core import signing
from pairly.core.chain import GENESIS_HASH, Head, Header, SigningKey, merkle_root
from pairly.core.clock import to_milliseconds
from pairly.core.db import StaleRead, on_commit, run_atomic
from pairly.core.table import Table

__all__ = ["CHAIN", "head_of", "header_of", "seal_waiting"]

CHAIN = "audit"
ATTEMPTS_MAX = 10

NOTES = Table(Unsealed, "entry_id")
SEALED = Table(Sealed, "sequence", "entry_id")
LEAVES = Table(AuditEntry, "id", "leaf_hash")


def seal_waiting(now: datetime) -> int:
    """Seal block after block until nothing waits; how many entries that were."""
    sealed = 0
    while count := _seal_next(now):
        sealed += count
    return sealed


def header_of(block: AuditBlock) -> Header:
    """A stored block's header, as it was hashed."""
    return Header(
        chain=CHAIN,
        number=block.number,
        first_sequence=block.first_sequence,
        count=block.count,
        previous_hash=block.previous_hash,
        root=block.root,
        totals="{}",
        sealed_at_milliseconds=to_milliseconds(block.sealed_at),
        key=block.key,
    )


def head_of(block: AuditBlock) -> Head:
    """What is told of a stored block outside of the database."""
    return Head(
        chain=CHAIN,
        number=block.number,
        last_sequence=header_of(block).last_sequence,
        hash=block.hash,
        key=block.key,
        signature=block.signature,
    )


def _seal_next(now: datetime) -> int:
    key = signing.signing_key()
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return run_atomic(lambda: _seal_block(now, key))
        except IntegrityError:
            if attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _seal_block(now: datetime, key: SigningKey) -> int:
    waiting = [
        entry_id for (entry_id,) in NOTES.range("entry_id", limit=settings.AUDIT_BLOCK_ENTRIES_MAX)
    ]
    if not waiting:
        return 0
    newest = AuditBlock.objects.order_by("-number").first()
    header = _next_header(header_of(newest) if newest else None, waiting, now, key)
    block = _block_of(header, now, key)
    block.save()
    SEALED.insert([(header.first_sequence + n, entry_id) for n, entry_id in enumerate(waiting)])
    if NOTES.delete("entry_id", waiting) != len(waiting):
        raise StaleRead("another sealer took these notes")
    on_commit(lambda: signing.append_head(head_of(block)))
    return header.count


def _next_header(
    previous: Header | None, entry_ids: Sequence[UUID], now: datetime, key: SigningKey
) -> Header:
    hashes: dict[UUID, str] = dict(LEAVES.select("id", entry_ids))
    return Header(
        chain=CHAIN,
        number=previous.number + 1 if previous else 1,
        first_sequence=previous.last_sequence + 1 if previous else 1,
        count=len(entry_ids),
        previous_hash=previous.hash() if previous else GENESIS_HASH,
        root=merkle_root([bytes.fromhex(hashes[entry_id]) for entry_id in entry_ids]).hex(),
        totals="{}",
        sealed_at_milliseconds=to_milliseconds(now),
        key=key.public_key,
    )


def _block_of(header: Header, now: datetime, key: SigningKey) -> AuditBlock:
    hash_hex = header.hash()
    return AuditBlock(
        number=header.number,
        first_sequence=header.first_sequence,
        count=header.count,
        previous_hash=header.previous_hash,
        root=header.root,
        sealed_at=now,
        key=header.key,
        hash=hash_hex,
        signature=key.sign(hash_hex),
    )
