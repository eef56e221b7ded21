"""Razorpay on the wire: signatures and events, the same for the mock and for the real one.

Signatures: https://razorpay.com/docs/webhooks/validate-test. ``X-Razorpay-Signature`` is the hex
HMAC-SHA256 of the body. It covers no time, so a replay is only known by ``x-razorpay-event-id``,
which is kept for ever. What we call the payment's id is that of Razorpay's order.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pairly.core import clock
from payments.gateways.base import BadWebhook, EventHead, Observation, SignatureInvalid
from payments.gateways.reading import intent_id_in, is_text, json_object, number
from payments.intents.states import Status

__all__ = [
    "EVENT_ID_HEADER",
    "SIGNATURE_HEADER",
    "STATUS_OF_EVENT",
    "check_signature",
    "event_head",
    "observation_of_event",
    "observation_of_order",
    "signature_of",
]

PROVIDER: Final = "razorpay"
SIGNATURE_HEADER: Final = "x-razorpay-signature"
EVENT_ID_HEADER: Final = "x-razorpay-event-id"

STATUS_OF_EVENT: Final = {
    "payment.authorized": Status.PROCESSING,
    "payment.failed": Status.FAILED,
    "payment.captured": Status.SUCCEEDED,
}
STATUS_OF_ORDER: Final = {
    "created": Status.CREATED,
    "attempted": Status.CREATED,
    "paid": Status.SUCCEEDED,
}


def signature_of(body: bytes, secret: str) -> str:
    """What Razorpay sends beside a body."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def check_signature(body: bytes, given: str, secrets: Sequence[str]) -> None:
    """Raises ``SignatureInvalid`` unless one of the secrets made it."""
    matches = [
        hmac.compare_digest(signature_of(body, secret).encode(), given.encode())
        for secret in secrets
    ]
    if not any(matches):
        raise SignatureInvalid


def event_head(body: bytes, event_id: str) -> EventHead:
    """Raises ``BadWebhook``."""
    event_type = json_object(body).get("event")
    if not is_text(event_id, 255) or not is_text(event_type, 100):
        raise BadWebhook
    return EventHead(event_id, str(event_type))


def observation_of_event(body: bytes) -> Observation | None:
    """None for a type that is none of an order's payment. Raises ``BadWebhook``."""
    event = json_object(body)
    status = STATUS_OF_EVENT.get(str(event.get("event")))
    if status is None:
        return None
    try:
        payment = event["payload"]["payment"]["entity"]
        if status is Status.SUCCEEDED and payment["status"] != "captured":
            raise BadWebhook("A success speaks of a payment that was not captured.")
        amount = number(payment["amount"])
        return Observation(
            provider=PROVIDER,
            ref=_ref(payment["order_id"]),
            intent_id=intent_id_in(payment.get("notes")),
            status=status,
            amount_minor=amount,
            received_minor=amount if status is Status.SUCCEEDED else None,
            currency=payment["currency"].upper()[:3],
            at=clock.from_milliseconds(number(event["created_at"]) * 1000),
            failure_code=str(payment.get("error_code") or "").lower()[:64],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadWebhook(f"{type(error).__name__} in the event: {error}") from error


def observation_of_order(order: Mapping[str, Any], now: datetime) -> Observation:
    """Of an order as the API answers it; it does not tell whether attempts failed."""
    status = STATUS_OF_ORDER[order["status"]]
    return Observation(
        provider=PROVIDER,
        ref=_ref(order["id"]),
        intent_id=intent_id_in(order.get("notes")),
        status=status,
        amount_minor=number(order["amount"]),
        received_minor=number(order["amount_paid"]) if status is Status.SUCCEEDED else None,
        currency=order["currency"].upper()[:3],
        at=now,
    )


def _ref(value: Any) -> str:
    if not is_text(value, 100):
        raise ValueError("the payment names no order")
    return str(value)
