"""Verification: is the log still what was written, from the first entry to the newest head?

Found are a changed, swapped, inserted or removed row, a cut tail and a rewritten history. It may
run while the server writes: heads outside of the database are read first, and blocks that come
later are left for the next time.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

from pairly.audit.entries import leaf_hash_of
from pairly.audit.models import AuditBlock, AuditEntry, Sealed, Unsealed
from pairly.audit.sealing import CHAIN, header_of
from pairly.core import signing
from pairly.core.chain import GENESIS_HASH, Head, merkle_root, signature_is_valid
from pairly.core.table import Table

__all__ = ["problems"]

ROWS_AT_ONCE = 500

PLACES = Table(Sealed, "sequence", "entry_id")
PLACES_BY_ENTRY = Table(Sealed, "entry_id")
NOTES = Table(Unsealed, "entry_id")


def problems() -> Iterator[str]:
    """Each break of the chain as a sentence that names the place; none if all is well."""
    trusted = signing.trusted_public_keys()
    heads = [head for file in signing.head_files() for head in file.heads(CHAIN)]
    newest = AuditBlock.objects.order_by("-number").first()
    up_to = newest.number if newest else 0
    hashes: dict[int, str] = {}
    previous_hash, next_sequence = GENESIS_HASH, 1
    for number in range(1, up_to + 1):
        block = AuditBlock.objects.filter(number=number).first()
        if block is None:
            yield f"block {number} is missing"
            return
        yield from _block_problems(block, previous_hash, next_sequence, trusted)
        hashes[number] = previous_hash = block.hash
        next_sequence = block.first_sequence + block.count
    yield from _head_problems(heads, hashes, trusted)
    yield from _stray_problems()


def _block_problems(
    block: AuditBlock, previous_hash: str, next_sequence: int, trusted: Sequence[str]
) -> Iterator[str]:
    header = header_of(block)
    if block.previous_hash != previous_hash:
        yield f"block {block.number} does not follow the one before"
    if block.first_sequence != next_sequence:
        yield f"block {block.number} starts at {block.first_sequence}, not {next_sequence}"
    if header.hash() != block.hash:
        yield f"the header of block {block.number} was changed"
    if block.key not in trusted:
        yield f"block {block.number} is signed by an unknown key"
    elif not signature_is_valid(
        public_key=block.key, signature=block.signature, hash_hex=block.hash
    ):
        yield f"the signature of block {block.number} is wrong"
    yield from _entry_problems(block)


def _entry_problems(block: AuditBlock) -> Iterator[str]:
    """Recompute every leaf from its columns, and the root from the leaves."""
    first = block.first_sequence
    rows = PLACES.range(
        "sequence", after=first - 1, up_to=first + block.count - 1, limit=block.count
    )
    places: dict[int, UUID] = dict(rows)
    entries = {entry.pk: entry for entry in AuditEntry.objects.filter(pk__in=places.values())}
    leaves: list[bytes] = []
    for sequence in range(first, first + block.count):
        entry = entries.get(places[sequence]) if sequence in places else None
        if entry is None:
            yield f"entry {sequence} is missing"
            continue
        leaf = leaf_hash_of(entry)
        if leaf != entry.leaf_hash:
            yield f"entry {sequence} ({entry.pk}) was changed"
        leaves.append(bytes.fromhex(leaf))
    if merkle_root(leaves).hex() != block.root:
        yield f"entries {first} to {first + block.count - 1} are not those of block {block.number}"


def _head_problems(
    heads: Sequence[Head], hashes: dict[int, str], trusted: Sequence[str]
) -> Iterator[str]:
    """Heads that were told to the outside must still be part of the chain."""
    for head in heads:
        if head.key not in trusted or not head.is_signed():
            yield f"the outside head of block {head.number} is not signed by us"
        elif head.number not in hashes:
            yield f"block {head.number}, told to the outside, is gone"
        elif hashes[head.number] != head.hash:
            yield f"block {head.number} is not the one told to the outside"


def _stray_problems() -> Iterator[str]:
    """Entries that came in past the log: neither sealed nor waiting for it.

    Notes are looked at before places, so that one sealed in between is found in the second.
    """
    last = None
    while True:
        page = AuditEntry.objects.order_by("id")
        if last is not None:
            page = page.filter(pk__gt=last)
        entries = list(page[:ROWS_AT_ONCE])
        if not entries:
            return
        ids = [entry.pk for entry in entries]
        known = {row[0] for row in NOTES.select("entry_id", ids)}
        known |= {row[0] for row in PLACES_BY_ENTRY.select("entry_id", ids)}
        for entry in entries:
            if entry.pk not in known:
                yield f"entry {entry.pk} was slipped in past the chain"
            elif leaf_hash_of(entry) != entry.leaf_hash:
                yield f"entry {entry.pk} was changed"
        last = ids[-1]
