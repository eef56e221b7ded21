"""Checking an inclusion proof without trusting who sent it, and without any code of the server.

Hashes are SHA-256 (RFC 6962): 0x00 before a leaf, 0x01 before a node, 0x02 before a block's
header. What is hashed is canonical JSON (RFC 8785) of a flat object of texts.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["canonical", "hash_of_header", "hash_of_leaf", "is_signed_by", "root_of"]

LEAF, NODE, HEADER = b"\x00", b"\x01", b"\x02"


def canonical(record: Mapping[str, str]) -> bytes:
    """For a flat object with ASCII names and texts as values this is RFC 8785."""
    if not all(isinstance(value, str) for value in record.values()):
        raise ValueError("a hashed record holds texts only")
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def hash_of_leaf(record: Mapping[str, str]) -> bytes:
    return hashlib.sha256(LEAF + canonical(record)).digest()


def hash_of_header(record: Mapping[str, str]) -> bytes:
    return hashlib.sha256(HEADER + canonical(record)).digest()


def root_of(leaf: bytes, *, index: int, count: int, path: Sequence[bytes]) -> bytes:
    """The Merkle root that a leaf's place and its siblings lead to.

    Told by the shape of the tree: RFC 6962 splits ``count`` leaves at the largest power of two
    below it. Raises ``ValueError`` when the path does not fit such a tree.
    """
    if not 0 <= index < count:
        raise ValueError(f"leaf {index} does not lie among {count}")
    if count == 1:
        if path:
            raise ValueError("the path is too long")
        return leaf
    if not path:
        raise ValueError("the path is too short")
    left = 1 << (count - 1).bit_length() - 1
    if index < left:
        inner = root_of(leaf, index=index, count=left, path=path[:-1])
        return hashlib.sha256(NODE + inner + path[-1]).digest()
    inner = root_of(leaf, index=index - left, count=count - left, path=path[:-1])
    return hashlib.sha256(NODE + path[-1] + inner).digest()


def is_signed_by(public_key: str, signature: str, signed: bytes) -> bool:
    """Whether an Ed25519 key signed these bytes; key and signature in hex."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
    try:
        key.verify(bytes.fromhex(signature), signed)
    except InvalidSignature:
        return False
    return True
