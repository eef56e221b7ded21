"""Mock mode: a person decides what becomes of a payment, and the mock provider tells us by its
signed webhooks, through the same door as a real one's."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from pairly.core.errors import Conflict
from payments.gateways.base import MockGateway, SignedEvent
from payments.gateways.registry import gateway_named, provider_names
from payments.intents.models import Intent
from payments.intents.selectors import order_of
from payments.webhooks.services import receive

__all__ = ["deliver_settled", "play"]


def play(*, intent: Intent, outcome: str, now: datetime) -> int:
    """Let the outcome, one of ``gateways.mock.OUTCOMES``, happen; how many events were sent.

    Raises ``Conflict`` for what cannot happen any more.
    """
    gateway = gateway_named(intent.provider)
    if not gateway.is_mock:
        raise Conflict("This provider is a real one.")
    events = cast(MockGateway, gateway).play(order_of(intent), outcome, now)
    _deliver(intent.provider, events, now)
    return len(events)


def deliver_settled(now: datetime) -> int:
    """Send the events of the delayed payments that have come through; how many."""
    delivered = 0
    for provider in provider_names():
        gateway = gateway_named(provider)
        if gateway.is_mock:
            events = cast(MockGateway, gateway).settle(now)
            _deliver(provider, events, now)
            delivered += len(events)
    return delivered


def _deliver(provider: str, events: Sequence[SignedEvent], now: datetime) -> None:
    for event in events:
        receive(provider=provider, body=event.body, headers=event.headers, now=now)
