"""What a transfer says, and the canonical bytes that its leaf hash covers."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
import orjson

from pairly.core.chain import leaf_hash
from pairly.core.table import Row, Table
from payments.ledger.accounts import CREDIT
from payments.ledger.models import Phase, Transfer

__all__ = [
    "TRANSFERS",
    "Leaf",
    "Posted",
    "Posting",
    "encode_leaf",
    "leaf_of",
    "meta_text",
    "posting_of",
    "row_of",
]

TRANSFERS = Table(
    Transfer,
    *("id", "debit_id", "credit_id", "amount", "asset", "kind", "group", "phase", "resolves"),
    *("created_at", "meta", "leaf_hash"),
    hex_ids=True,
)
"""Rows are ``(*Posting, created_at, meta, leaf_hash)``, accounts as 32 hex digits."""

NO_META = "{}"
LEAF_VERSION = "1"

_POSTED = Phase.POSTED.value


class Posting(msgspec.Struct, frozen=True):
    """A transfer to be written.

    ``id`` names the operation for ever (``message:<uuid>``), legs of one operation are
    ``<operation>/<leg>`` with the operation as ``group``; an id always begins with its group, so
    that a group is found by the key. ``debit`` and ``credit`` are account
    ids as 32 hex digits. ``meta`` is canonical JSON, see ``meta_text``.
    """

    id: str
    debit: str
    credit: str
    amount: int
    kind: str
    group: str
    asset: str = CREDIT
    phase: str = _POSTED
    resolves: str = ""
    meta: str = NO_META


class Posted(msgspec.Struct, frozen=True):
    """A transfer as it stands in the ledger; ``repeated`` if it was there before."""

    posting: Posting
    created_at: datetime
    leaf_hash: str
    repeated: bool


class Leaf(msgspec.Struct, frozen=True):
    """The hashed form. The fields stand in the order of RFC 8785, all are ASCII names and
    texts, so msgspec's encoder gives the same bytes as a canonicalizer; a test compares them."""

    amount: str
    asset: str
    created_at: str
    credit: str
    debit: str
    group: str
    id: str
    kind: str
    meta: str
    phase: str
    resolves: str
    v: str


encode_leaf = msgspec.json.Encoder().encode


def meta_text(meta: Mapping[str, str]) -> str:
    """Canonical JSON of a flat object of texts, which never hold personal data in clear."""
    if not all(isinstance(value, str) and key.isascii() for key, value in meta.items()):
        raise TypeError(f"{meta!r} must map ASCII names to texts")
    return orjson.dumps(meta, option=orjson.OPT_SORT_KEYS).decode()


def leaf_of(posting: Posting, milliseconds: str) -> bytes:
    """The canonical bytes of a transfer that is written at that time."""
    return encode_leaf(
        Leaf(
            str(posting.amount),
            posting.asset,
            milliseconds,
            posting.credit,
            posting.debit,
            posting.group,
            posting.id,
            posting.kind,
            posting.meta,
            posting.phase,
            posting.resolves,
            LEAF_VERSION,
        )
    )


def posting_of(row: Row) -> Posting:
    """What was once given to be written."""
    transfer_id, debit, credit, amount, asset, kind, group, phase, resolves = row[:9]
    return Posting(
        transfer_id, debit, credit, amount, kind, group, asset, phase, resolves, meta=row[10]
    )


def row_of(posting: Posting, now: datetime, milliseconds: str) -> Row:
    """The row to insert, its leaf hash computed over everything else in it."""
    return (
        posting.id,
        posting.debit,
        posting.credit,
        posting.amount,
        posting.asset,
        posting.kind,
        posting.group,
        posting.phase,
        posting.resolves,
        now,
        posting.meta,
        leaf_hash(leaf_of(posting, milliseconds)).hex(),
    )
