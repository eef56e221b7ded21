"""Taking a provider's event in: verify its bytes, store it, answer. Nothing else happens here."""

import logging
from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError
from prometheus_client import Counter

from pairly.core import counters
from pairly.core.db import change_one, run_atomic
from pairly.core.errors import NotFound
from pairly.outbox.services import emit
from payments.events import WebhookReceived
from payments.gateways.base import SignatureInvalid
from payments.gateways.registry import gateway_named, provider_names
from payments.webhooks.models import Webhook

__all__ = ["receive", "refusals_of"]

logger = logging.getLogger(__name__)

DELIVERIES = Counter(
    "pairly_webhook_deliveries",
    "Events brought to our door: stored, duplicate, or refused for their signature.",
    ("provider", "outcome"),
)

State = Webhook.State


def receive(*, provider: str, body: bytes, headers: Mapping[str, str], now: datetime) -> bool:
    """Store an event and have it processed right after the commit; False if it came before.

    ``headers`` by their names in small letters. Coming again heals an event that failed.
    Raises ``NotFound`` for a provider that is not served, ``SignatureInvalid``, ``BadWebhook``;
    then nothing is stored.
    """
    if provider not in provider_names():
        raise NotFound
    gateway = gateway_named(provider)
    try:
        head = gateway.check_webhook(body, headers, now)
    except SignatureInvalid:
        logger.warning("a webhook of %s was not signed as it should be", provider)
        counters.count(refusals_of(provider), now)
        DELIVERIES.labels(provider, "refused").inc()
        raise
    webhook = Webhook(
        provider=provider,
        event_id=head.event_id,
        type=head.type,
        body=body.decode(),
        headers={name: headers[name] for name in gateway.webhook_headers if name in headers},
        due_at=now,
        created_at=now,
    )
    try:
        run_atomic(lambda: _store(webhook))
    except IntegrityError:
        run_atomic(lambda: _heal(webhook, now))
        DELIVERIES.labels(provider, "duplicate").inc()
        return False
    DELIVERIES.labels(provider, "stored").inc()
    return True


def refusals_of(provider: str) -> str:
    """The name under which events are counted that were not signed as they should be."""
    return f"webhooks_refused:{provider}"


def _store(webhook: Webhook) -> None:
    webhook.save(force_insert=True)
    emit(WebhookReceived(webhook.pk))


def _heal(again: Webhook, now: datetime) -> None:
    """An event that came again starts afresh if it has failed; else there is nothing to do."""
    stored = Webhook.objects.get(provider=again.provider, event_id=again.event_id)
    failed = Webhook.objects.filter(pk=stored.pk, state__in=(State.FAILED, State.DEAD))
    fresh = {"state": State.RECEIVED, "attempts": 0, "same_errors": 0, "due_at": now}
    if change_one(failed, **fresh):
        emit(WebhookReceived(stored.pk))
