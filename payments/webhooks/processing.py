"""Making something of stored events: claim one, apply what it says, say how it went.

Right after the commit that stored an event the outbox asks for it; the clock asks for what was
left or has to be tried again. An event that keeps failing ends as a dead letter.
"""

import logging
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from pairly.core import clock
from pairly.core.db import change_one, run_atomic
from pairly.core.ids import new_id
from payments.disputes.applying import apply_dispute
from payments.disputes.selectors import intent_of_dispute
from payments.events import WebhookReceived
from payments.gateways.base import DisputeSeen, Observation, RefundSeen
from payments.gateways.registry import gateway_named
from payments.intents.applying import apply
from payments.intents.following import ask
from payments.intents.models import Observed
from payments.intents.selectors import intent_of
from payments.intents.states import PAID
from payments.refunds.applying import apply_refund
from payments.refunds.selectors import intent_of_refund
from payments.webhooks.models import Webhook
from payments.webhooks.trimming import trimmed_at

__all__ = [
    "DUE_STATES",
    "RETRY_AFTER_SECONDS",
    "due_webhooks",
    "process",
    "process_due",
    "process_received",
]

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = (10, 60, 300, 1800, 7200, 21600, 43200)
ATTEMPTS_MAX = 1 + len(RETRY_AFTER_SECONDS)
SAME_ERRORS_MAX = 3
"""A fault that comes so often in the same words does not go away by waiting."""
EVENTS_AT_ONCE_MAX = 200
ERROR_CHARACTERS_MAX = 2000

State = Webhook.State
DUE_STATES = (State.RECEIVED, State.PROCESSING, State.FAILED)


class UnknownIntent(Exception):
    """An event about a payment that is none of ours."""


class NeverEnded(Exception):
    """An event that took the process along at every attempt."""


@dataclass(frozen=True, slots=True)
class Outcome:
    state: Webhook.State
    intent_id: UUID | None = None


def process_received(events: Sequence[WebhookReceived]) -> None:
    """Handler of the outbox. It does not fail on an event's fault: that is for the schedule."""
    for event in events:
        process(event.webhook_id, clock.now())


def process_due(now: datetime) -> int:
    """Process what was left or is to be tried again, a bounded number; how many it were."""
    ids = [
        webhook_id
        for state in DUE_STATES
        for webhook_id in due_webhooks(state, now).values_list("pk", flat=True)
    ]
    return sum(process(webhook_id, now) for webhook_id in ids)


def due_webhooks(state: str, now: datetime) -> "QuerySet[Webhook]":
    """One state at a time, so that the order comes out of the index."""
    due = Webhook.objects.filter(state=state, due_at__lte=now).order_by("due_at")
    return due[:EVENTS_AT_ONCE_MAX]


def process(webhook_id: UUID, now: datetime) -> bool:
    """Process one event if it is due and nobody else does; whether it was tried."""
    webhook = _claim(webhook_id, now)
    if webhook is None:
        return False
    try:
        outcome = _handle(webhook, now)
    except Exception as error:
        _note_failure(webhook, error, now)
    else:
        _finish(
            webhook,
            state=outcome.state,
            intent_id=outcome.intent_id,
            processed_at=now,
            due_at=trimmed_at(now),
            last_error="",
            same_errors=0,
        )
    return True


def _claim(webhook_id: UUID, now: datetime) -> Webhook | None:
    webhook = Webhook.objects.filter(pk=webhook_id, state__in=DUE_STATES, due_at__lte=now).first()
    if webhook is None:
        return None
    seen = Webhook.objects.filter(pk=webhook_id, state=webhook.state, due_at=webhook.due_at)
    token = new_id()
    taken = {
        "state": State.PROCESSING,
        "claim": token,
        "attempts": webhook.attempts + 1,
        "due_at": now + timedelta(seconds=settings.WEBHOOK_LEASE_SECONDS),
    }
    if not run_atomic(lambda: change_one(seen, **taken)):
        return None
    webhook.claim, webhook.attempts = token, webhook.attempts + 1
    return webhook


def _handle(webhook: Webhook, now: datetime) -> Outcome:
    if webhook.attempts > ATTEMPTS_MAX:
        raise NeverEnded(f"none of {ATTEMPTS_MAX} attempts came to an end")
    seen = gateway_named(webhook.provider).read_webhook(webhook.body.encode())
    if seen is None:
        return Outcome(State.IGNORED)
    find, follow = DOORS[type(seen)]
    intent = find(seen)
    if intent is None:
        raise UnknownIntent(f"no intent for {type(seen).__name__} {seen.ref}")
    if intent.status not in PAID and not isinstance(seen, Observation):
        ask(intent, now)  # Only what was paid is given back: that news got lost, or comes later.
    follow(
        intent_id=intent.pk,
        seen=seen,
        source=Observed.Source.WEBHOOK,
        now=now,
        observed_id=webhook.pk,
    )
    return Outcome(State.DONE, intent.pk)


DOORS: dict[type, tuple[Callable[..., Any], Callable[..., Any]]] = {
    Observation: (intent_of, apply),
    RefundSeen: (intent_of_refund, apply_refund),
    DisputeSeen: (intent_of_dispute, apply_dispute),
}
"""By what an event speaks of: which intent that is about, and where it is followed."""


def _note_failure(webhook: Webhook, error: Exception, now: datetime) -> None:
    text = _described(error)
    same = webhook.same_errors + 1 if text == webhook.last_error else 1
    is_dead = webhook.attempts >= ATTEMPTS_MAX or same >= SAME_ERRORS_MAX
    level = logging.ERROR if is_dead else logging.WARNING
    logger.log(level, "a webhook failed: %s", webhook.pk, exc_info=error)
    state, pause = State.DEAD, 0
    if not is_dead:
        state, pause = State.FAILED, RETRY_AFTER_SECONDS[webhook.attempts - 1]
    due_at = now + timedelta(seconds=pause)
    _finish(webhook, state=state, due_at=due_at, last_error=text, same_errors=same)


def _described(error: Exception) -> str:
    """The error and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"[:ERROR_CHARACTERS_MAX]


def _finish(webhook: Webhook, **values: Any) -> None:
    """Only who still holds the claim may say how it went."""
    held = Webhook.objects.filter(pk=webhook.pk, state=State.PROCESSING, claim=webhook.claim)
    if not run_atomic(lambda: change_one(held, claim=None, **values)):
        logger.warning("the processing of webhook %s outlived its lease", webhook.pk)
