"""Razorpay, played by ourselves: its orders, payments, events and signatures.

Razorpay knows no canceled orders: one that is given up is simply not paid any more.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings

from pairly.core import clock
from pairly.core.ids import new_id
from payments.gateways import razorpay_wire
from payments.gateways.base import EventHead, Observation, SignedEvent
from payments.gateways.mock import MockProvider
from payments.gateways.models import MockPayment
from payments.intents.states import Status

__all__ = ["MockRazorpay"]

TYPE_OF_STATUS = {status: kind for kind, status in razorpay_wire.STATUS_OF_EVENT.items()}
STATUS_OF_PAYMENT = {
    Status.PROCESSING: "authorized",
    Status.FAILED: "failed",
    Status.SUCCEEDED: "captured",
}


class MockRazorpay(MockProvider):
    """A gateway; see ``base.MockGateway``."""

    name = "razorpay"
    webhook_headers = (razorpay_wire.SIGNATURE_HEADER, razorpay_wire.EVENT_ID_HEADER)
    tells = frozenset(TYPE_OF_STATUS)

    def check_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> EventHead:
        given = headers.get(razorpay_wire.SIGNATURE_HEADER, "")
        razorpay_wire.check_signature(body, given, settings.RAZORPAY_WEBHOOK_SECRETS)
        return razorpay_wire.event_head(body, headers.get(razorpay_wire.EVENT_ID_HEADER, ""))

    def read_webhook(self, body: bytes) -> Observation | None:
        return razorpay_wire.observation_of_event(body)

    def ref_of(self, intent_id: UUID) -> str:
        return f"order_mock_{intent_id.hex}"

    def observe(self, payment: MockPayment, now: datetime) -> Observation:
        seen = razorpay_wire.observation_of_order(_order(payment), now)
        return replace(seen, status=Status.CANCELED) if payment.status == Status.CANCELED else seen

    def event(self, payment: MockPayment, status: Status, at: datetime) -> SignedEvent:
        event = {
            "entity": "event",
            "account_id": "acc_mock",
            "event": TYPE_OF_STATUS[status],
            "contains": ["payment"],
            "payload": {"payment": {"entity": _payment(payment, status)}},
            "created_at": clock.to_milliseconds(at) // 1000,
        }
        body = orjson.dumps(event)
        headers = {
            razorpay_wire.SIGNATURE_HEADER: razorpay_wire.signature_of(
                body, settings.RAZORPAY_WEBHOOK_SECRETS[0]
            ),
            razorpay_wire.EVENT_ID_HEADER: f"evt_mock_{new_id().hex}",
        }
        return SignedEvent(body, headers)


def _order(payment: MockPayment) -> dict[str, Any]:
    is_paid = payment.status == Status.SUCCEEDED
    untouched = payment.status == Status.CREATED and not payment.failure_code
    return {
        "id": payment.ref,
        "entity": "order",
        "amount": payment.amount_minor,
        "amount_paid": payment.amount_minor if is_paid else 0,
        "currency": payment.currency,
        "status": "paid" if is_paid else "created" if untouched else "attempted",
        "notes": {"intent_id": str(payment.intent_id)},
    }


def _payment(payment: MockPayment, status: Status) -> dict[str, Any]:
    """The attempt that an event speaks of."""
    failed = status is Status.FAILED
    return {
        "id": f"pay_mock_{payment.intent_id.hex}",
        "entity": "payment",
        "amount": payment.amount_minor,
        "currency": payment.currency,
        "status": STATUS_OF_PAYMENT[status],
        "order_id": payment.ref,
        "captured": status is Status.SUCCEEDED,
        "notes": {"intent_id": str(payment.intent_id)},
        "error_code": (payment.failure_code or "BAD_REQUEST_ERROR") if failed else None,
    }
