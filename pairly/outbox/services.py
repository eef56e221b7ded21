"""Telling other apps: ``subscribe`` at start, ``emit`` inside a transaction."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from django.conf import settings

from pairly.core import clock
from pairly.core.db import change_one, in_atomic_block, on_commit, run_atomic
from pairly.core.ids import new_id
from pairly.core.table import Row, Table
from pairly.outbox import dispatcher
from pairly.outbox.models import OutboxEvent
from pairly.outbox.registry import dotted_path, registry

__all__ = ["discard_failed", "emit", "remove_done", "retry_failed", "subscribe"]

Event = TypeVar("Event")

REMOVED_AT_ONCE_MAX = 1000

_rows = Table(
    OutboxEvent,
    *("id", "kind", "handler", "payload", "state", "attempts"),
    *("due_at", "claim", "last_error", "created_at"),
)


def subscribe(
    event_type: type[Event],
    handler: Callable[[Sequence[Event]], None],
    *,
    inside: bool = False,
) -> None:
    """Call the handler with lists of events of this type. Call it from ``AppConfig.ready``.

    ``inside`` handlers run at once in the emitter's transaction, and their failure undoes it.
    The others run after the commit, perhaps more than once, each retried by itself; one must
    end within ``OUTBOX_LEASE_SECONDS``, or another dispatcher starts it again.
    """
    registry.add(event_type, handler, inside=inside)


def emit(*events: Any) -> None:
    """Announce events, frozen dataclasses of plain values, inside the transaction of the fact.

    Emit a batch with one call: it makes one row for each kind and handler.
    """
    if not in_atomic_block():
        raise RuntimeError("emit() outside of a transaction would announce what may not happen")
    by_type: dict[type[Any], list[Any]] = {}
    for event in events:
        by_type.setdefault(type(event), []).append(event)
    rows = [row for kind, alike in by_type.items() for row in _durable_rows(kind, alike)]
    if rows:
        _rows.insert(rows)
        on_commit(dispatcher.wake)
    for event_type, alike in by_type.items():
        for handler in registry.inside(event_type):
            handler(alike)


def _durable_rows(event_type: type[Any], events: list[Any]) -> Iterator[Row]:
    handlers = registry.durable(event_type)
    if not handlers:
        return
    kind, now, pending = dotted_path(event_type), clock.now(), OutboxEvent.State.PENDING.value
    for start in range(0, len(events), settings.OUTBOX_EVENTS_PER_ROW_MAX):
        part = events[start : start + settings.OUTBOX_EVENTS_PER_ROW_MAX]
        payload = msgspec.json.encode(part).decode()
        for handler in handlers:
            yield new_id(), kind, handler, payload, pending, 0, now, None, "", now


def retry_failed(*, event_ids: Sequence[UUID], now: datetime) -> int:
    """Give parked rows a fresh set of attempts, once their handler is mended; how many."""
    retried = sum(run_atomic(partial(_retry, event_id, now)) for event_id in event_ids)
    if retried:
        on_commit(dispatcher.wake)
    return retried


def _retry(event_id: UUID, now: datetime) -> bool:
    failed = OutboxEvent.objects.filter(pk=event_id, state=OutboxEvent.State.FAILED)
    return change_one(failed, state=OutboxEvent.State.PENDING, attempts=0, due_at=now)


def discard_failed(*, event_id: UUID, now: datetime) -> bool:
    """Give a parked row up: it is kept as long as one that is done. False if it is not parked."""
    failed = OutboxEvent.objects.filter(pk=event_id, state=OutboxEvent.State.FAILED)
    until = now + timedelta(days=settings.OUTBOX_KEEP_DONE_DAYS)
    return run_atomic(lambda: change_one(failed, state=OutboxEvent.State.DISCARDED, due_at=until))


def remove_done(*, now: datetime) -> int:
    """Delete what was done or given up long enough ago, a bounded number in a transaction; how
    many."""
    removed = 0
    while ids := _removable(now):
        removed += run_atomic(partial(_remove, ids))
    return removed


def _remove(ids: list[UUID]) -> int:
    return OutboxEvent.objects.filter(pk__in=ids).delete()[0]


def _removable(now: datetime) -> list[UUID]:
    states = (OutboxEvent.State.DONE, OutboxEvent.State.DISCARDED)
    over = OutboxEvent.objects.filter(state__in=states, due_at__lte=now)
    return list(over.values_list("pk", flat=True)[:REMOVED_AT_ONCE_MAX])
