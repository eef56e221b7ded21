"""Whether the ledger is what it was: the whole chain, the balances, and the heads kept outside.

The outside heads are read first. Then the chain is followed up to the block that is newest at
the start; sealed rows never change, so the server may go on writing. The last step looks at
everything else in one snapshot: blocks that came meanwhile, transfers not sealed yet, running
balances, open holds, and whether there is a transfer that no block and no note knows.

An incremental run goes on from the last one's checkpoint and looks only at accounts touched
since. The full run trusts nothing of it.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson

from pairly.core import signing
from pairly.core.db import snapshot
from pairly.core.table import Row, Table
from payments.ledger.accounts import DEBT, HOUSE, account_id, is_bound
from payments.ledger.books import OPEN_HOLDS, UNSEALED, every_row
from payments.ledger.checking import BrokenLedger, ChainReader, Position, Sink, Sums, ignore
from payments.ledger.checkpoints import (
    Baseline,
    UnfinishedCheckpoint,
    forget_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from payments.ledger.models import Account, Transfer
from payments.ledger.outside import OutsideHeads
from payments.ledger.sealing import BLOCKS, header_of, seal_waiting

__all__ = ["Report", "verify"]

ACCOUNTS_AT_ONCE = 1000
IDENTITIES = Table(
    Account, "id", "key", "balance", "held", "owner_id", "kind", "asset", hex_ids=True
)

Progress = Callable[[int, int], None]
"""Takes how many transfers are verified, and how many there are to verify."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The verdict. ``problem`` is the first bad place, ``outside_block`` the newest head told
    outside of the database."""

    ok: bool
    incremental: bool
    blocks: int
    transfers: int
    waiting: int
    accounts: int
    head: str
    outside_block: int | None
    seconds: float
    problem: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def verify(
    now: datetime,
    *,
    incremental: bool = False,
    progress: Progress = lambda _done, _total: None,
    sink: Sink = ignore,
    account_sink: Callable[[Row], None] = lambda _row: None,
) -> Report:
    """Verify the ledger, sealing what waits. A broken one is no error: the report tells it.

    ``sink`` and ``account_sink`` take what was verified, for an export.
    """
    started = time.monotonic()
    run = _Run(now, incremental=incremental, sink=sink, account_sink=account_sink)
    problem = None
    try:
        run.verify(progress)
    except UnfinishedCheckpoint:
        forget_checkpoint()
        return verify(now, incremental=True, progress=progress)
    except BrokenLedger as broken:
        problem = {**broken.place, "reason": broken.reason}
    return Report(
        ok=problem is None,
        incremental=incremental,
        blocks=run.position.number,
        transfers=run.position.sequence,
        waiting=run.waiting,
        accounts=run.accounts,
        head=run.position.hash,
        outside_block=run.outside_block,
        seconds=round(time.monotonic() - started, 3),
        problem=problem,
    )


class _Run:
    """One verification from its start to its end."""

    def __init__(
        self,
        now: datetime,
        *,
        incremental: bool,
        sink: Sink,
        account_sink: Callable[[Row], None],
    ) -> None:
        self._now = now
        self._incremental = incremental
        self._sink = sink
        self._account_sink = account_sink
        self.position = Position()
        self.outside_block: int | None = None
        self.waiting = self.accounts = 0

    def verify(self, progress: Progress) -> None:
        start = load_checkpoint() if self._incremental else Position()
        # Before the heads: the first block may be sealed in between.
        newest, _total = _newest()
        outside = OutsideHeads(signing.head_files(), after=start.number)
        self.outside_block = outside.newest
        if outside.newest is None and newest:
            raise BrokenLedger("there is no outside head to hold the chain against")
        seal_waiting(self._now)
        reader = self._reader(start, outside)
        try:
            sealed = self._follow(reader, outside, progress)
        finally:
            self.position = reader.position
        if self._incremental and reader.position != start:
            house = frozenset(reader.house_ids.values())
            save_checkpoint(reader.position, sealed, house, self._now)

    def _reader(self, start: Position, outside: OutsideHeads) -> ChainReader:
        return ChainReader(
            start,
            trusted_keys=signing.trusted_public_keys(),
            expect=outside.expect,
            before_adding=Baseline(start).load if self._incremental else None,
            sink=self._sink,
        )

    def _follow(self, reader: ChainReader, outside: OutsideHeads, progress: Progress) -> Sums:
        """All the checks; what the sealed transfers come to, for the next incremental run."""
        newest, total = _newest()
        reader.read(newest, lambda done: progress(done, total))
        with snapshot():
            newest, _total = _newest()
            reader.read(newest)
            if reader.position.number < newest:
                raise BrokenLedger("the block is missing", block=reader.position.number + 1)
            outside.check_end(reader.position)
            sealed = reader.sums.copy() if self._incremental else reader.sums
            self._read_waiting(reader)
            self._check_accounts(reader.sums)
            self._check_holds(reader.sums)
            if not self._incremental:
                self._check_count(reader.position)
        return sealed

    def _read_waiting(self, reader: ChainReader) -> None:
        for _id, _count, leaves, _house in every_row(UNSEALED, "id"):
            parsed = orjson.loads(leaves)
            self.waiting += len(parsed)
            reader.read_waiting(parsed)

    def _check_accounts(self, sums: Sums) -> None:
        """Each running balance is the sum of its transfers."""
        touched = sums.balances.keys() | sums.held.keys()
        missing = set(touched)
        for row in self._accounts(touched):
            self.accounts += 1
            missing.discard(row[0])
            _check_account(row, sums)
            self._account_sink(row)
        if missing:
            raise BrokenLedger("it has transfers and does not exist", account=min(missing))

    def _accounts(self, touched: Collection[str]) -> Iterator[Row]:
        if not self._incremental:
            yield from every_row(IDENTITIES, "id")
            return
        ids = sorted(touched)
        for start in range(0, len(ids), ACCOUNTS_AT_ONCE):
            yield from IDENTITIES.select("id", ids[start : start + ACCOUNTS_AT_ONCE])

    def _check_holds(self, sums: Sums) -> None:
        """Each pending transfer without an end is noted as open, and nothing else is."""
        if sums.resolutions:
            raise BrokenLedger("it resolves no hold", transfer=min(sums.resolutions))
        noted = {row[0] for row in OPEN_HOLDS.select("transfer_id", sums.holds.keys())}
        if sums.holds.keys() - noted:
            gone = min(sums.holds.keys() - noted)
            raise BrokenLedger("the hold is open and not noted as such", transfer=gone)
        if not self._incremental:
            for row in every_row(OPEN_HOLDS, "transfer_id"):
                if row[0] not in sums.holds:
                    raise BrokenLedger("it is noted as an open hold and is none", transfer=row[0])

    def _check_count(self, position: Position) -> None:
        """No transfer lies beside the chain."""
        expected = position.sequence + self.waiting
        stored = Transfer.objects.count()
        if stored != expected:
            raise BrokenLedger(
                f"{stored} transfers are stored and {expected} are sealed or wait to be"
            )


def _check_account(row: Row, sums: Sums) -> None:
    account, key, balance, held, owner, kind, asset = row
    if key != f"{owner or HOUSE}:{kind}:{asset}":
        raise BrokenLedger("its name is not that of its owner, kind and asset", account=key)
    if is_bound(account) and account != account_id(key):
        raise BrokenLedger("its id is not that of its name: it was somebody else's", account=key)
    expected, expected_held = sums.balances.get(account, 0), sums.held.get(account, 0)
    if owner is None:
        expected = expected_held = 0
    elif kind == DEBT:
        expected = -expected
    if (balance, held) != (expected, expected_held):
        raise BrokenLedger(
            f"it stands at {balance}, {held} of it held; "
            f"its transfers come to {expected} and {expected_held}",
            account=key,
        )


def _newest() -> tuple[int, int]:
    """Number and last sequence of the newest block."""
    rows = BLOCKS.range("number", limit=1, descending=True)
    if not rows:
        return 0, 0
    header = header_of(rows[0])
    return header.number, header.last_sequence
