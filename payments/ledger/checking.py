"""Following the chain row by row: what every step of a verification looks at.

``ChainReader`` walks sealed blocks in order and keeps what the transfers so far come to. It
reads rows as stored, holds no more than a block of them at once, and stops at the first bad
place with ``BrokenLedger``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from pairly.core.chain import (
    GENESIS_HASH,
    Head,
    Header,
    leaf_hash,
    merkle_root,
    signature_is_valid,
)
from pairly.core.clock import to_milliseconds
from pairly.core.table import Row
from payments.ledger.books import ACCOUNTS
from payments.ledger.models import Phase
from payments.ledger.sealing import BLOCKS, SEALED, header_of
from payments.ledger.transfers import LEAF_VERSION, TRANSFERS, Leaf, encode_leaf

__all__ = ["Sums", "BrokenLedger", "ChainReader", "Position", "Sink", "ignore"]

BLOCKS_AT_ONCE = 100
TRANSFERS_AT_ONCE = 512

_POSTED, _PENDING, _POST = Phase.POSTED.value, Phase.PENDING.value, Phase.POST.value

Sink = Callable[[Mapping[str, Any] | None, Sequence[bytes]], None]
"""Takes a block (None for transfers that wait) and the canonical bytes of its transfers."""


def ignore(_block: Mapping[str, Any] | None, _leaves: Sequence[bytes]) -> None:
    """The sink of a verification that exports nothing."""


class BrokenLedger(Exception):
    """The first bad place, and what is wrong there."""

    def __init__(
        self,
        reason: str,
        *,
        block: int | None = None,
        sequence: int | None = None,
        transfer: str | None = None,
        account: str | None = None,
    ) -> None:
        self.reason = reason
        self.place = {
            name: value
            for name, value in (
                ("sequence", sequence),
                ("block", block),
                ("transfer", transfer),
                ("account", account),
            )
            if value is not None
        }
        super().__init__(reason)

    def __str__(self) -> str:
        where = ", ".join(f"{name} {value}" for name, value in self.place.items())
        return f"{where}: {self.reason}" if where else self.reason


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the chain right behind a block."""

    number: int = 0
    sequence: int = 0
    hash: str = GENESIS_HASH
    totals: str = "{}"


@dataclass(slots=True)
class Sums:
    """What the transfers read so far come to, by account id in 32 hex digits.

    ``balances`` counts credits less debits. ``holds`` are pending transfers without a
    resolution, ``resolutions`` those whose pending transfer has not been read yet, which two
    sealing hosts with unlike clocks may bring about; both by the id of the pending one.
    """

    balances: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    holds: dict[str, Row] = field(default_factory=dict)
    resolutions: dict[str, Row] = field(default_factory=dict)

    def copy(self) -> "Sums":
        return Sums(
            self.balances.copy(), self.held.copy(), self.holds.copy(), self.resolutions.copy()
        )

    def hold(self, row: Row) -> None:
        transfer_id, debit, _credit, amount = row[:4]
        self.held[debit] = self.held.get(debit, 0) + amount
        resolution = self.resolutions.pop(transfer_id, None)
        if resolution is not None:
            self._settle(row, resolution)
        else:
            self.holds[transfer_id] = row

    def resolve(self, row: Row) -> None:
        if row[8] in self.resolutions:
            raise BrokenLedger("a hold is resolved twice", transfer=row[0])
        hold = self.holds.pop(row[8], None)
        if hold is not None:
            self._settle(hold, row)
        else:
            self.resolutions[row[8]] = row

    def _settle(self, hold: Row, resolution: Row) -> None:
        exact = resolution[7] != _POST
        if (
            hold[1:3] != resolution[1:3]
            or hold[4] != resolution[4]
            or resolution[3] > hold[3]
            or (exact and resolution[3] != hold[3])
        ):
            raise BrokenLedger("it does not fit the hold it resolves", transfer=resolution[0])
        self.held[hold[1]] -= hold[3]


class ChainReader:
    """Reads the chain on from a position.

    ``expect`` compares each block with the heads kept outside, ``before_adding`` sees transfers
    before they are added up, ``sink`` afterwards.
    """

    def __init__(
        self,
        position: Position,
        *,
        trusted_keys: Sequence[str],
        expect: Callable[[Head], None],
        before_adding: Callable[[Sequence[Row], Sums], None] | None = None,
        sink: Sink = ignore,
    ) -> None:
        self.position = position
        self.sums = Sums()
        self._trusted = frozenset(trusted_keys)
        self._expect = expect
        self._before_adding = before_adding
        self._sink = sink
        self._start_totals = _object(position.totals)
        self.house_ids: dict[str, str] = {}

    def read(self, up_to: int, progress: Callable[[int], None] = lambda _done: None) -> None:
        """Verify blocks up to and including a number, or as far as there are any."""
        while self.position.number < up_to:
            rows = BLOCKS.range(
                "number", after=self.position.number, up_to=up_to, limit=BLOCKS_AT_ONCE
            )
            if not rows:
                return
            for row in rows:
                self._read_block(row)
            progress(self.position.sequence)

    def read_waiting(self, leaves: Sequence[Sequence[str]]) -> None:
        """Transfers that are noted as unsealed: their rows give the hashes in the notes."""
        for start in range(0, len(leaves), TRANSFERS_AT_ONCE):
            part = leaves[start : start + TRANSFERS_AT_ONCE]
            rows = self._rows([leaf[0] for leaf in part], None)
            hashes, texts = self._hashed(rows, None)
            for row, computed, leaf in zip(rows, hashes, part, strict=True):
                if computed.hex() != leaf[1]:
                    raise BrokenLedger("it is not what was noted for sealing", transfer=row[0])
            self._add(rows)
            self._sink(None, texts)

    def _read_block(self, row: Row) -> None:
        header, stored_hash, signature = header_of(row), row[8], row[9]
        self._check_header(header, stored_hash, signature)
        self._expect(
            Head(
                chain=header.chain,
                number=header.number,
                last_sequence=header.last_sequence,
                hash=stored_hash,
                key=header.key,
                signature=signature,
            )
        )
        rows = self._sealed_rows(header)
        hashes, texts = self._hashed(rows, header)
        if merkle_root(hashes).hex() != header.root:
            raise BrokenLedger(
                "its transfers do not give its Merkle root",
                block=header.number,
                sequence=header.first_sequence,
            )
        self._add(rows)
        self._check_totals(header)
        self._sink({"header": header.record(), "hash": stored_hash, "signature": signature}, texts)
        self.position = Position(header.number, header.last_sequence, stored_hash, header.totals)

    def _check_header(self, header: Header, stored_hash: str, signature: str) -> None:
        """Number, place, link, hash and signature."""
        expected = self.position
        problems = (
            (header.number != expected.number + 1, "the block before it is missing"),
            (header.first_sequence != expected.sequence + 1, "it does not start where it should"),
            (header.count < 1, "it is empty"),
            (header.previous_hash != expected.hash, "it does not follow the block before"),
            (header.hash() != stored_hash, "its header does not give its hash"),
            (header.key not in self._trusted, "it is signed by an unknown key"),
        )
        reason = next((reason for broken, reason in problems if broken), None)
        if reason is None and not signature_is_valid(
            public_key=header.key, signature=signature, hash_hex=stored_hash
        ):
            reason = "its signature is not valid"
        if reason is not None:
            raise BrokenLedger(reason, block=header.number, sequence=expected.sequence + 1)

    def _sealed_rows(self, header: Header) -> list[Row]:
        """The block's transfers in their order."""
        rows: list[Row] = []
        last = header.last_sequence
        for first in range(header.first_sequence, last + 1, TRANSFERS_AT_ONCE):
            wanted = range(first, min(first + TRANSFERS_AT_ONCE, last + 1))
            places = SEALED.range("sequence", after=first - 1, up_to=wanted[-1], limit=len(wanted))
            if len(places) < len(wanted):
                present = {place[0] for place in places}
                missing = next(sequence for sequence in wanted if sequence not in present)
                raise BrokenLedger(
                    "it is missing in the order", block=header.number, sequence=missing
                )
            found = self._rows([place[1] for place in places], (header, first))
            if [place[2] for place in places] != [row[5] for row in found]:
                self._refuse_kind(places, found, header)
            rows += found
        return rows

    def _refuse_kind(self, places: Sequence[Row], rows: Sequence[Row], header: Header) -> None:
        place, row = next(
            (place, row) for place, row in zip(places, rows, strict=True) if place[2] != row[5]
        )
        raise BrokenLedger(
            f"it is listed among {place[2]} and its kind is {row[5]}",
            block=header.number,
            sequence=place[0],
            transfer=row[0],
        )

    def _rows(self, ids: Sequence[str], place: tuple[Header, int] | None) -> list[Row]:
        """The transfers with these ids, in this order."""
        found = {row[0]: row for row in TRANSFERS.select("id", ids)}
        if len(found) < len(ids):
            index = next(index for index, one in enumerate(ids) if one not in found)
            raise BrokenLedger(
                "the transfer is gone",
                block=place[0].number if place else None,
                sequence=place[1] + index if place else None,
                transfer=ids[index],
            )
        return [found[transfer_id] for transfer_id in ids]

    def _hashed(
        self, rows: Sequence[Row], header: Header | None
    ) -> tuple[list[bytes], list[bytes]]:
        """Leaf hashes and canonical bytes, from every column; the stored hash must be the same."""
        hashes: list[bytes] = []
        texts: list[bytes] = []
        for row in rows:
            transfer_id, debit, credit, amount, asset, kind, group, phase, resolves = row[:9]
            text = encode_leaf(
                Leaf(
                    str(amount),
                    asset,
                    _milliseconds_text(row[9]),
                    credit,
                    debit,
                    group,
                    transfer_id,
                    kind,
                    row[10],
                    phase,
                    resolves,
                    LEAF_VERSION,
                )
            )
            digest = leaf_hash(text)
            if digest.hex() != row[11]:
                self._refuse_row(transfer_id, header, len(hashes))
            hashes.append(digest)
            texts.append(text)
        return hashes, texts

    def _refuse_row(self, transfer_id: str, header: Header | None, index: int) -> None:
        raise BrokenLedger(
            "its columns do not give its leaf hash",
            block=header.number if header else None,
            sequence=header.first_sequence + index if header else None,
            transfer=transfer_id,
        )

    def _add(self, rows: Sequence[Row]) -> None:
        """Add the transfers up."""
        if self._before_adding is not None:
            self._before_adding(rows, self.sums)
        balances = self.sums.balances
        for row in rows:
            phase = row[7]
            if phase == _PENDING:
                self.sums.hold(row)
                continue
            if phase != _POSTED:
                self.sums.resolve(row)
                if phase != _POST:
                    continue
            _id, debit, credit, amount = row[:4]
            balances[debit] = balances.get(debit, 0) - amount
            balances[credit] = balances.get(credit, 0) + amount

    def _check_totals(self, header: Header) -> None:
        """The house accounts stand where the block says."""
        stated = _object(header.totals)
        unknown = stated.keys() - self.house_ids.keys()
        if unknown:
            self.house_ids |= {row[1]: row[0] for row in ACCOUNTS.select("key", unknown)}
        for name, total in stated.items():
            computed = int(self._start_totals.get(name, "0")) + self.sums.balances.get(
                self.house_ids.get(name, ""), 0
            )
            if total != str(computed):
                raise BrokenLedger(
                    f"{name} stands at {computed}, not at {total} as the block says",
                    block=header.number,
                    sequence=header.first_sequence,
                )


def _object(text: str) -> dict[str, str]:
    try:
        return dict(orjson.loads(text))
    except (ValueError, TypeError):
        return {}


@lru_cache(maxsize=4096)
def _milliseconds_text(moment: datetime) -> str:
    return str(to_milliseconds(moment))
