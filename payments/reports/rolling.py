"""Adding to the day rows what was sealed since: each transfer once, however often this runs.

The blocks of the chain are taken in their order. What some of them come to and how far that is
are written in one transaction, and the row of the progress is changed by compare-and-set, so of
two at once the second writes nothing and looks again. The cost is that of the new transfers alone.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import models
from django.db.models import F, QuerySet

from pairly.core import clock
from pairly.core.clock import EPOCH, from_milliseconds
from pairly.core.db import change_one, run_atomic
from pairly.core.table import Row
from payments.ledger.books import UNSEALED
from payments.ledger.sealing import BLOCKS, SEALED, seal_waiting
from payments.reports.counting import Counted, count
from payments.reports.models import CreditDay, Movement, Outstanding, Progress, RevenueDay

__all__ = ["catch_up", "rebuild_from_ledger", "roll_up_ledger"]

BLOCKS_AT_ONCE: Final = 10
STEPS_AT_ONCE_MAX: Final = 200
"""A run ends, and the next one goes on."""


def roll_up_ledger(now: datetime) -> int:
    """Count what was sealed since the last time; how many transfers. Safe to run twice at once."""
    transfers = 0
    through = _written_before(now)
    for _step in range(STEPS_AT_ONCE_MAX):
        progress = _progress()
        blocks = BLOCKS.range("number", after=progress.step, limit=BLOCKS_AT_ONCE)
        if not blocks:
            _write(progress, progress.step, max(through, progress.through), Counted())
            break
        ids = _transfers_in(blocks)
        # What is sealed never changes, so it is read before the transaction and not inside it.
        if _write(progress, blocks[-1][0], progress.through, count(ids)):
            transfers += len(ids)
    return transfers


def catch_up() -> None:
    """Seal and count what was committed by now, for who cannot wait for the next minute."""
    seal_waiting(clock.now())
    while roll_up_ledger(clock.now()):
        continue


def rebuild_from_ledger(now: datetime) -> int:
    """Forget every day and count the whole chain again; how many transfers."""
    run_atomic(_forget)
    transfers = 0
    while more := roll_up_ledger(now):
        transfers += more
    return transfers


def _progress() -> Progress:
    first = {"through": EPOCH}
    progress, _made = Progress.objects.get_or_create(pk=Progress.LEDGER, defaults=first)
    return progress


def _written_before(now: datetime) -> datetime:
    """Whatever was written before this time is sealed; a note's id is when it was written."""
    oldest = UNSEALED.range("id", limit=1)
    if not oldest:
        return now
    return min(now, from_milliseconds(oldest[0][0] // 1_000_000))


def _transfers_in(blocks: Sequence[Row]) -> list[str]:
    first, last = blocks[0], blocks[-1]
    wanted = last[1] + last[2] - first[1]
    places = SEALED.range("sequence", after=first[1] - 1, limit=wanted)
    return [row[1] for row in places]


def _write(progress: Progress, step: int, through: datetime, counted: Counted) -> bool:
    """Add what was counted and move on, in one; False if somebody else was first."""

    def write() -> bool:
        seen = Progress.objects.filter(pk=progress.pk, step=progress.step)
        if not change_one(seen, step=step, through=through):
            return False
        for day, columns in counted.revenue.items():
            _add(RevenueDay, day._asdict(), columns)
        Movement.objects.bulk_create(
            Movement(transfer_id=transfer_id, provider=provider, at=at)
            for transfer_id, provider, at in counted.movements
        )
        for pocket, change in counted.credits.items():
            _add(CreditDay, pocket._asdict(), {"change": change})
            total = {"asset": pocket.asset, "pocket": pocket.pocket}
            _add(Outstanding, total, {"amount": change})
        return True

    return run_atomic(write)


def _add(model: type[models.Model], key: Mapping[str, Any], columns: Mapping[str, int]) -> None:
    """To the row of that key, which is made where it is not there yet."""
    pk = ":".join(map(str, key.values()))
    added = {name: F(name) + amount for name, amount in columns.items()}
    rows: QuerySet[Any] = model._default_manager.filter(pk=pk)
    if not change_one(rows, **added):
        model._default_manager.create(pk=pk, **key, **columns)


def _forget() -> None:
    for model in (RevenueDay, CreditDay, Outstanding, Movement):
        model._default_manager.all().delete()
    Progress.objects.filter(pk=Progress.LEDGER).update(step=0, through=EPOCH)
