"""What staff do about events whose handler failed for good."""

from collections.abc import Sequence
from uuid import UUID

from pairly.audit.services import record, require_reason
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.errors import Conflict
from pairly.outbox.models import OutboxEvent
from pairly.outbox.services import discard_failed, retry_failed

__all__ = ["RETRIED_AT_ONCE_MAX", "discard_event", "failed_event_ids", "retry_events"]

RETRIED_AT_ONCE_MAX = 500
NOT_FAILED = "This event is not among the failed."


def retry_events(
    *, actor_id: UUID | None, event_ids: Sequence[UUID], reason: str, request_id: str = ""
) -> int:
    """Give failed events a fresh set of attempts; how many. Raises ``Conflict`` if none of them
    is failed, ``ValidationFailed`` without a reason."""
    now = clock.now()
    require_reason(reason)

    def retry() -> int:
        retried = 0
        for event_id in event_ids:
            if retry_failed(event_ids=[event_id], now=now):
                _record(actor_id, "outbox.retried", event_id, reason, request_id, "pending")
                retried += 1
        if not retried:
            raise Conflict(NOT_FAILED)
        return retried

    return run_atomic(retry)


def discard_event(
    *, actor_id: UUID | None, event_id: UUID, reason: str, request_id: str = ""
) -> None:
    """Give a failed event up. Raises ``Conflict`` if it is not failed, ``ValidationFailed``."""
    now = clock.now()
    require_reason(reason)

    def discard() -> None:
        if not discard_failed(event_id=event_id, now=now):
            raise Conflict(NOT_FAILED)
        _record(actor_id, "outbox.discarded", event_id, reason, request_id, "discarded")

    run_atomic(discard)


def failed_event_ids() -> list[UUID]:
    """The oldest of them, at most ``RETRIED_AT_ONCE_MAX``."""
    failed = OutboxEvent.objects.filter(state=OutboxEvent.State.FAILED).order_by("due_at")
    return list(failed.values_list("pk", flat=True)[:RETRIED_AT_ONCE_MAX])


def _record(
    actor_id: UUID | None, what: str, event_id: UUID, reason: str, request_id: str, after: str
) -> None:
    record(
        actor_id=actor_id,
        action=what,
        target_type="outbox_event",
        target_id=event_id,
        reason=reason,
        before={"state": "failed"},
        after={"state": after},
        request_id=request_id,
    )
