"""What staff do about events that nothing came of: replay them, or give them up."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from pairly.audit.services import record
from pairly.core.db import StaleRead, change_one, run_atomic
from pairly.core.errors import Conflict, NotFound, ValidationFailed
from pairly.outbox.services import emit
from payments.errors import NotReplayable, ReplaysExhausted
from payments.events import WebhookReceived
from payments.webhooks.models import Webhook
from payments.webhooks.trimming import trimmed_at

__all__ = [
    "DISCARDABLE",
    "REPLAYABLE",
    "REPLAYED_AT_ONCE_MAX",
    "discard_webhook",
    "replay_dead_webhooks",
    "replay_webhook",
    "replayable_dead",
]

REPLAYED_AT_ONCE_MAX = 100

State = Webhook.State
REPLAYABLE = (State.FAILED, State.DEAD, State.IGNORED, State.DISCARDED)
"""Ignored ones too: a later version may know what to make of their type."""
DISCARDABLE = (State.FAILED, State.DEAD)


def replay_webhook(
    *, webhook_id: UUID, actor_id: UUID | None, reason: str, now: datetime, request_id: str = ""
) -> Webhook:
    """Give an event that came to nothing fresh attempts, at once; an effect that it has had
    already is not repeated.

    Raises ``NotFound``, ``NotReplayable``, ``ReplaysExhausted`` after ``WEBHOOK_REPLAYS_MAX``,
    ``ValidationFailed`` without a reason.
    """
    _require(reason)

    def replay() -> Webhook:
        webhook = _found(webhook_id)
        if webhook.state not in REPLAYABLE or not webhook.body:
            raise NotReplayable
        if webhook.replays >= settings.WEBHOOK_REPLAYS_MAX:
            raise ReplaysExhausted
        _replay(webhook, now)
        _record(webhook, "webhook.replayed", State.RECEIVED, actor_id, reason, request_id)
        emit(WebhookReceived(webhook.pk))
        return _found(webhook_id)

    return run_atomic(replay)


def replay_dead_webhooks(
    *,
    provider: str = "",
    actor_id: UUID | None,
    reason: str,
    now: datetime,
    request_id: str = "",
) -> int:
    """Replay the oldest dead letters that have replays left, of one provider or of all, at most
    ``REPLAYED_AT_ONCE_MAX``; how many. Raises ``ValidationFailed`` without a reason."""
    _require(reason)

    def replay() -> int:
        dead = list(replayable_dead(provider))
        for webhook in dead:
            _replay(webhook, now)
            _record(webhook, "webhook.replayed", State.RECEIVED, actor_id, reason, request_id)
        emit(*(WebhookReceived(webhook.pk) for webhook in dead))
        return len(dead)

    return run_atomic(replay)


def replayable_dead(provider: str = "") -> "QuerySet[Webhook]":
    dead = Webhook.objects.filter(state=State.DEAD, replays__lt=settings.WEBHOOK_REPLAYS_MAX)
    if provider:
        dead = dead.filter(provider=provider)
    return dead.order_by("due_at")[:REPLAYED_AT_ONCE_MAX]


def discard_webhook(
    *, webhook_id: UUID, actor_id: UUID | None, reason: str, now: datetime, request_id: str = ""
) -> Webhook:
    """Give up an event that failed: nothing is made of it, also when it comes again. Raises
    ``NotFound``, ``Conflict`` if it has not failed, ``ValidationFailed`` without a reason."""
    _require(reason)

    def discard() -> Webhook:
        webhook = _found(webhook_id)
        failed = Webhook.objects.filter(pk=webhook_id, state__in=DISCARDABLE)
        if not change_one(failed, state=State.DISCARDED, due_at=trimmed_at(now)):
            raise Conflict("This event is not among the failed.")
        _record(webhook, "webhook.discarded", State.DISCARDED, actor_id, reason, request_id)
        return _found(webhook_id)

    return run_atomic(discard)


def _found(webhook_id: UUID) -> Webhook:
    webhook = Webhook.objects.filter(pk=webhook_id).first()
    if webhook is None:
        raise NotFound
    return webhook


def _replay(webhook: Webhook, now: datetime) -> None:
    seen = Webhook.objects.filter(
        pk=webhook.pk, state=webhook.state, due_at=webhook.due_at, replays=webhook.replays
    )
    fresh: dict[str, Any] = {
        "state": State.RECEIVED,
        "attempts": 0,
        "same_errors": 0,
        "due_at": now,
        "replays": webhook.replays + 1,
    }
    if not change_one(seen, **fresh):
        raise StaleRead(f"the webhook {webhook.pk} changed meanwhile")


def _require(reason: str) -> None:
    if not reason.strip():
        raise ValidationFailed.of("reason", "required", "Say why.")


def _record(
    webhook: Webhook,
    action: str,
    after: Webhook.State,
    actor_id: UUID | None,
    reason: str,
    request_id: str,
) -> None:
    record(
        actor_id=actor_id,
        action=action,
        target_type="webhook",
        target_id=webhook.pk,
        reason=reason,
        before={"state": webhook.state, "replays": webhook.replays},
        after={"state": after.value},
        request_id=request_id,
    )
