"""Stripe, played by ourselves: its PaymentIntents, events and signatures."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings

from pairly.core import clock
from pairly.core.ids import new_id
from payments.gateways import stripe_wire
from payments.gateways.base import EventHead, Observation, SignedEvent
from payments.gateways.mock import MockProvider
from payments.gateways.models import MockPayment
from payments.intents.states import Status

__all__ = ["MockStripe"]

API_VERSION = "2026-09-30"
TYPE_OF_STATUS = {status: kind for kind, status in stripe_wire.STATUS_OF_EVENT.items()}
STRIPES_WORDS = {
    Status.CREATED: "requires_payment_method",
    Status.FAILED: "requires_payment_method",
}


class MockStripe(MockProvider):
    """A gateway; see ``base.MockGateway``."""

    name = "stripe"
    webhook_headers = (stripe_wire.SIGNATURE_HEADER,)
    tells = frozenset(TYPE_OF_STATUS)

    def check_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> EventHead:
        header = headers.get(stripe_wire.SIGNATURE_HEADER, "")
        stripe_wire.check_signature(body, header, settings.STRIPE_WEBHOOK_SECRETS, now)
        return stripe_wire.event_head(body)

    def read_webhook(self, body: bytes) -> Observation | None:
        return stripe_wire.observation_of_event(body)

    def ref_of(self, intent_id: UUID) -> str:
        return f"pi_mock_{intent_id.hex}"

    def observe(self, payment: MockPayment, now: datetime) -> Observation:
        return stripe_wire.observation_of_payment(_object(payment, Status(payment.status)), now)

    def event(self, payment: MockPayment, status: Status, at: datetime) -> SignedEvent:
        event = {
            "id": f"evt_mock_{new_id().hex}",
            "object": "event",
            "api_version": API_VERSION,
            "created": _seconds(at),
            "type": TYPE_OF_STATUS[status],
            "livemode": False,
            "pending_webhooks": 1,
            "data": {"object": _object(payment, status)},
        }
        body = orjson.dumps(event)
        # Signed when it is sent, however old the news.
        header = stripe_wire.signature_header(body, settings.STRIPE_WEBHOOK_SECRETS[0], clock.now())
        return SignedEvent(body, {stripe_wire.SIGNATURE_HEADER: header})


def _object(payment: MockPayment, status: Status) -> dict[str, Any]:
    """The PaymentIntent, as it is in that status."""
    error = None
    if payment.failure_code and status in (Status.CREATED, Status.FAILED):
        error = {
            "type": "card_error",
            "code": payment.failure_code,
            "message": "Your card was declined.",
        }
    return {
        "id": payment.ref,
        "object": "payment_intent",
        "amount": payment.amount_minor,
        "amount_received": payment.amount_minor if status is Status.SUCCEEDED else 0,
        "client_secret": f"{payment.ref}_secret_{payment.intent_id.hex[-12:]}",
        "created": _seconds(payment.created_at),
        "currency": payment.currency.lower(),
        "last_payment_error": error,
        "livemode": False,
        "metadata": {"intent_id": str(payment.intent_id)},
        "status": STRIPES_WORDS.get(status, status.value),
    }


def _seconds(moment: datetime) -> int:
    return clock.to_milliseconds(moment) // 1000
