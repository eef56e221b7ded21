"""Running what is due: claim a row, call its handler, say how it went."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db.models import QuerySet

from pairly.core import clock
from pairly.core.db import change_one, run_atomic
from pairly.core.ids import new_id
from pairly.outbox.models import OutboxEvent
from pairly.outbox.registry import registry

__all__ = ["RETRY_AFTER_SECONDS", "dispatch_all", "dispatch_due", "is_anything_due"]

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = (10, 60, 300, 1800, 7200)
ATTEMPTS_MAX = 1 + len(RETRY_AFTER_SECONDS)
ROWS_AT_ONCE = 20
"""A worker that is told to stop does so after these."""
ERROR_CHARACTERS_MAX = 2000

State = OutboxEvent.State


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that is ours until the lease lapses. ``attempt`` counts from 1."""

    row: OutboxEvent
    token: UUID
    attempt: int


def dispatch_all() -> int:
    """Run what is due until nothing is; how many rows were run."""
    count = 0
    while ran := dispatch_due():
        count += ran
    return count


def dispatch_due(limit: int = ROWS_AT_ONCE) -> int:
    """Run up to ``limit`` due rows, oldest first; how many this dispatcher ran.

    Others may dispatch at the same time: a row belongs to who claims it.
    """
    rows: Sequence[OutboxEvent] = list(_due().order_by("due_at")[:limit])
    count = 0
    for row in rows:
        if claim := _claim(row):
            _run(claim)
            count += 1
    return count


def is_anything_due() -> bool:
    return _due().exists()


def _due() -> "QuerySet[OutboxEvent]":
    return OutboxEvent.objects.filter(state=State.PENDING, due_at__lte=clock.now())


def _claim(row: OutboxEvent) -> Claim | None:
    """Take the row as it was read, for the length of the lease; None when another was first.

    The attempt counts from here, so that a handler that kills its process is parked as well.
    """
    claim = Claim(row, new_id(), row.attempts + 1)
    seen = OutboxEvent.objects.filter(
        pk=row.pk, state=State.PENDING, due_at=row.due_at, attempts=row.attempts
    )
    lapses = clock.now() + timedelta(seconds=settings.OUTBOX_LEASE_SECONDS)
    values: dict[str, Any] = {"due_at": lapses, "claim": claim.token, "attempts": claim.attempt}
    return claim if run_atomic(lambda: change_one(seen, **values)) else None


def _run(claim: Claim) -> None:
    if claim.attempt > ATTEMPTS_MAX:
        _park(claim, "no attempt ever came to an end")
        return
    try:
        event_type, handler = registry.find(claim.row.kind, claim.row.handler)
        handler(msgspec.json.decode(claim.row.payload, type=list[event_type]))  # type: ignore[valid-type]
    except Exception as error:
        _after_failure(claim, error)
    else:
        kept = timedelta(days=settings.OUTBOX_KEEP_DONE_DAYS)
        _finish(claim, state=State.DONE, due_at=clock.now() + kept)


def _after_failure(claim: Claim, error: Exception) -> None:
    text = f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS_MAX]
    extra = {"outbox_id": str(claim.row.pk), "handler": claim.row.handler}
    logger.warning("an outbox handler failed", exc_info=error, extra=extra)
    if claim.attempt >= ATTEMPTS_MAX:
        _park(claim, text)
        return
    pause = timedelta(seconds=RETRY_AFTER_SECONDS[claim.attempt - 1])
    _finish(claim, state=State.PENDING, due_at=clock.now() + pause, last_error=text)


def _park(claim: Claim, error: str) -> None:
    """Set aside for people: it stays until it is retried by hand."""
    extra = {"outbox_id": str(claim.row.pk), "handler": claim.row.handler}
    logger.error("an outbox row failed for good", extra=extra)
    _finish(claim, state=State.FAILED, due_at=clock.now(), last_error=error)


def _finish(claim: Claim, *, state: str, due_at: datetime, **values: Any) -> None:
    """Only who still holds the claim may say how it went."""
    held = OutboxEvent.objects.filter(pk=claim.row.pk, state=State.PENDING, claim=claim.token)
    changes = {"state": state, "due_at": due_at, "claim": None, **values}
    if not run_atomic(lambda: change_one(held, **changes)):
        extra = {"outbox_id": str(claim.row.pk), "handler": claim.row.handler}
        logger.warning("an outbox handler outlived its lease", extra=extra)
