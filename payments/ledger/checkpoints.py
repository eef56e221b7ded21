"""Where the last incremental verification ended, and what the balances were there."""

from collections.abc import Collection, Sequence
from datetime import datetime

from pairly.core.db import run_atomic
from pairly.core.table import Row, Table
from payments.ledger.checking import BrokenLedger, Position, Sums
from payments.ledger.models import Checkpoint, VerifiedBalance
from payments.ledger.sealing import BLOCKS, CHAIN, SEALED, header_of
from payments.ledger.transfers import TRANSFERS

__all__ = ["Baseline", "UnfinishedCheckpoint", "load_checkpoint", "save_checkpoint"]

CHECKPOINTS = Table(Checkpoint, "id", "block_number", "block_hash", "verified_at")
VERIFIED = Table(VerifiedBalance, "account_id", "balance", "held", "sequence", hex_ids=True)

ROWS_AT_ONCE = 1000


class UnfinishedCheckpoint(Exception):
    """A run died while it saved its balances; the next one starts from the beginning."""


def load_checkpoint() -> Position:
    """Raises ``BrokenLedger`` when the block that was verified is not there any more."""
    saved = CHECKPOINTS.select("id", [CHAIN])
    if not saved:
        return Position()
    _id, number, hash_hex, _verified_at = saved[0]
    blocks = BLOCKS.select("number", [number])
    if not blocks or blocks[0][8] != hash_hex:
        raise BrokenLedger("it is not the block that was verified before", block=number)
    header = header_of(blocks[0])
    return Position(number, header.last_sequence, hash_hex, header.totals)


def save_checkpoint(position: Position, sums: Sums, house: Collection[str], now: datetime) -> None:
    """Balances first, in small transactions that keep no writer waiting, the position last.

    Of two runs at once the one that came less far moves nothing back of what the other saved.
    """
    accounts = sorted((sums.balances.keys() | sums.held.keys()) - set(house))
    for start in range(0, len(accounts), ROWS_AT_ONCE):
        part = accounts[start : start + ROWS_AT_ONCE]
        rows = [
            (account, sums.balances.get(account, 0), sums.held.get(account, 0), position.sequence)
            for account in part
        ]
        run_atomic(lambda rows=rows: _move_on(VERIFIED, 3, rows))  # type: ignore[misc]
    row = (CHAIN, position.number, position.hash, now)
    run_atomic(lambda: _move_on(CHECKPOINTS, 1, [row]))


def forget_checkpoint() -> None:
    run_atomic(lambda: CHECKPOINTS.delete("id", [CHAIN]))


class Baseline:
    """Brings in what was verified before, for the accounts and holds that are touched now."""

    def __init__(self, start: Position) -> None:
        self._start = start

    def load(self, rows: Sequence[Row], sums: Sums) -> None:
        """Raises ``UnfinishedCheckpoint`` on balances from beyond the checkpoint."""
        if not self._start.number:
            return
        touched = {account for row in rows for account in row[1:3]} - sums.balances.keys()
        for account, balance, held, sequence in VERIFIED.select("account_id", touched):
            if sequence > self._start.sequence:
                raise UnfinishedCheckpoint
            sums.balances[account], sums.held[account] = balance, held
        self._load_holds({row[8] for row in rows if row[8]} - sums.holds.keys(), sums)

    def _load_holds(self, wanted: Collection[str], sums: Sums) -> None:
        """Holds that were sealed before the checkpoint."""
        places = SEALED.select("transfer_id", wanted)
        before = [name for sequence, name, _kind in places if sequence <= self._start.sequence]
        sums.holds |= {row[0]: row for row in TRANSFERS.select("id", before)}


def _move_on(table: Table, place: int, rows: Sequence[Row]) -> None:
    """Replace what is stored, by the first column, unless it is farther along the chain, which
    the column ``place`` tells."""
    key = table.columns[0]
    stored = {row[0]: row[place] for row in table.select(key, [row[0] for row in rows])}
    newer = [row for row in rows if row[place] >= stored.get(row[0], 0)]
    table.delete(key, [row[0] for row in newer])
    table.insert(newer)
