"""Canonical bytes, Merkle trees and signed blocks: what ledger and audit log are chained with.

A *leaf* is the SHA-256 of 0x00 and a record's canonical bytes. Leaves are gathered into
*blocks*: a block's header holds the Merkle root of its leaves (RFC 6962: 0x00 before leaves,
0x01 before nodes) and the hash of the block before. The header's hash (0x02) is signed with
Ed25519 by a key that is not in the database, and the signed *head* is also kept in a file
outside of it, so that a cut tail or a rewritten history shows.

Canonical bytes are RFC 8785 (JCS) of a flat object whose keys are ASCII and whose values are
text, numbers included. So restricted, a fast encoder that writes the keys in order gives the
same bytes; a test proves it.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

__all__ = [
    "GENESIS_HASH",
    "Head",
    "HeadFile",
    "Header",
    "SigningKey",
    "canonical",
    "inclusion_path",
    "leaf_hash",
    "merkle_root",
    "seed_of_file",
    "signature_is_valid",
]

LEAF, NODE, HEADER = b"\x00", b"\x01", b"\x02"
GENESIS_HASH = "0" * 64
"""What the first block names as the hash of the block before."""

SEEK_BYTES = 64 * 1024


def canonical(record: Mapping[str, str]) -> bytes:
    """RFC 8785 of a flat record. Raises ``TypeError`` for anything but ASCII keys and text."""
    for key, value in record.items():
        if not (isinstance(value, str) and isinstance(key, str) and key.isascii()):
            raise TypeError(f"{key!r}: {value!r} must be text under an ASCII key")
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS)


def leaf_hash(data: bytes) -> bytes:
    """The 32 bytes that stand for a record in a Merkle tree."""
    return hashlib.sha256(LEAF + data).digest()


# Merkle tree


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, section 2.1, over leaf hashes; pairwise by level, a lone last node moves up."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = leaves
    while len(level) > 1:
        level = _level_above(level)
    return level[0]


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """RFC 6962, section 2.1.1: the siblings from the leaf up to the root."""
    path = []
    level = leaves
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        level, index = _level_above(level), index // 2
    return path


def _level_above(level: Sequence[bytes]) -> list[bytes]:
    sha256 = hashlib.sha256
    above = [
        sha256(NODE + left + right).digest()
        for left, right in zip(level[::2], level[1::2], strict=False)
    ]
    if len(level) % 2:
        above.append(level[-1])
    return above


# Blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a block says of itself. Every field is part of its hash.

    ``totals`` is canonical JSON chosen by the chain's owner (``{}`` for none), ``key`` the
    signer's public key in hex, the hashes are hex too. Sequence numbers start at 1.
    """

    chain: str
    number: int
    first_sequence: int
    count: int
    previous_hash: str
    root: str
    totals: str
    sealed_at_milliseconds: int
    key: str

    @property
    def last_sequence(self) -> int:
        return self.first_sequence + self.count - 1

    def record(self) -> dict[str, str]:
        """The flat form that is hashed, and that proofs and exports show."""
        return {field.name: str(getattr(self, field.name)) for field in fields(self)} | {"v": "1"}

    def hash(self) -> str:
        return hashlib.sha256(HEADER + canonical(self.record())).hexdigest()


class SigningKey:
    """An Ed25519 key, made from its 32-byte seed in hex."""

    def __init__(self, seed_hex: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed_hex.strip()))
        self.public_key = self._key.public_key().public_bytes_raw().hex()

    @classmethod
    def from_file(cls, path: Path, *, create: bool = False) -> "SigningKey":
        """Read the seed; with ``create``, make one first (mode 0600) if the file is not there."""
        return cls(seed_of_file(path, create=create))

    def sign(self, hash_hex: str) -> str:
        """The signature, in hex, of the 32 bytes of a block's hash."""
        return self._key.sign(bytes.fromhex(hash_hex)).hex()


def signature_is_valid(*, public_key: str, signature: str, hash_hex: str) -> bool:
    """Whether the hex signature of a block's hash was made by the key; False if misshapen."""
    try:
        _public_key(public_key).verify(bytes.fromhex(signature), bytes.fromhex(hash_hex))
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=64)
def _public_key(public_key: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))


def seed_of_file(path: Path, *, create: bool = False) -> str:
    """32 bytes in hex; with ``create``, random ones are written first if the file is not there."""
    if create and not path.exists():
        _create_seed_file(path)
    return path.read_text(encoding="ascii").strip()


def _create_seed_file(path: Path) -> None:
    """Whoever links the finished file first wins; a half-written seed is never seen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(os.urandom(32).hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


# Heads outside the database


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A signed head as a line of the head file: how far the chain had come, and its hash then."""

    chain: str
    number: int
    last_sequence: int
    hash: str
    key: str
    signature: str

    def is_signed(self) -> bool:
        return signature_is_valid(public_key=self.key, signature=self.signature, hash_hex=self.hash)


class HeadFile:
    """Heads as JSON lines, only ever appended to. One file may carry several chains."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, head: Head) -> None:
        """One write and fsync. A torn last line of an earlier crash is closed off first."""
        line = {field.name: getattr(head, field.name) for field in fields(head)}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        with open(descriptor, "ab", buffering=0) as file:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            file.write((b"\n" if torn else b"") + orjson.dumps(line) + b"\n")
            os.fsync(descriptor)

    def heads(self, chain: str, *, after: int = 0) -> Iterator[Head]:
        """The chain's heads in the file's order; none if there is no file.

        Torn lines, which a crash leaves, are passed over. With ``after``, reading starts near
        the end, at some head that is not beyond that number.
        """
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            self._seek(file, chain, after)
            for line in file:
                head = _head_of(line)
                if head is not None and head.chain == chain:
                    yield head

    def newest(self, chain: str) -> Head | None:
        """The head that is farthest along its chain, looked for near the end of the file."""
        return max(self.heads(chain, after=sys.maxsize), key=_number, default=None)

    @staticmethod
    def _seek(file: BinaryIO, chain: str, after: int) -> None:
        """Go back from the end in growing steps until a head of the chain not beyond ``after``."""
        step = SEEK_BYTES if after else 0
        size = file.seek(0, os.SEEK_END)
        while 0 < step < size:
            file.seek(size - step)
            file.readline()
            start = file.tell()
            heads = (head for line in file if (head := _head_of(line)) is not None)
            first = next((head for head in heads if head.chain == chain), None)
            if first is not None and first.number <= after:
                file.seek(start)
                return
            step *= 4
        file.seek(0)


def _number(head: Head) -> int:
    return head.number


def _head_of(line: bytes) -> Head | None:
    try:
        values = json.loads(line)
        return Head(**values)
    except (ValueError, TypeError):
        return None
