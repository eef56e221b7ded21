"""Stripe on the wire: signatures and events, the same for the mock and for the real one.

Signatures: https://docs.stripe.com/webhooks/signatures. The header holds ``t=<seconds>`` and one
or more ``v1=<hex HMAC-SHA256 of "<t>." and the body>``.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pairly.core import clock
from payments.gateways.base import BadWebhook, EventHead, Observation, SignatureInvalid
from payments.gateways.reading import intent_id_in, is_text, json_object, number
from payments.intents.states import Status

__all__ = [
    "SIGNATURE_HEADER",
    "STATUS_OF_EVENT",
    "TOLERANCE_SECONDS",
    "check_signature",
    "event_head",
    "observation_of_event",
    "observation_of_payment",
    "signature_header",
]

PROVIDER: Final = "stripe"
SIGNATURE_HEADER: Final = "stripe-signature"
TOLERANCE_SECONDS: Final = 300
SECONDS = re.compile(r"[0-9]{1,12}")

STATUS_OF_EVENT: Final = {
    "payment_intent.created": Status.CREATED,
    "payment_intent.requires_action": Status.REQUIRES_ACTION,
    "payment_intent.processing": Status.PROCESSING,
    "payment_intent.payment_failed": Status.FAILED,
    "payment_intent.canceled": Status.CANCELED,
    "payment_intent.succeeded": Status.SUCCEEDED,
}
STATUS_OF_PAYMENT: Final = {
    "requires_payment_method": Status.CREATED,
    "requires_confirmation": Status.CREATED,
    "requires_action": Status.REQUIRES_ACTION,
    "requires_capture": Status.PROCESSING,
    "processing": Status.PROCESSING,
    "canceled": Status.CANCELED,
    "succeeded": Status.SUCCEEDED,
}


def signature_header(body: bytes, secret: str, now: datetime) -> str:
    """What Stripe sends beside a body."""
    seconds = str(clock.to_milliseconds(now) // 1000)
    return f"t={seconds},v1={_signature(body, secret, seconds)}"


def check_signature(body: bytes, header: str, secrets: Sequence[str], now: datetime) -> None:
    """Raises ``SignatureInvalid`` unless one secret made one of the signatures, not too long ago
    and not ahead of our clock."""
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    given = [value for name, _, value in parts if name == "v1"]
    if len(times) != 1 or not given or not SECONDS.fullmatch(times[0]):
        raise SignatureInvalid
    wanted = [_signature(body, secret, times[0]) for secret in secrets]
    # Every pair is compared, in constant time, so that no answer tells how near a guess was.
    matches = [
        hmac.compare_digest(mine.encode(), theirs.encode()) for mine in wanted for theirs in given
    ]
    if not any(matches):
        raise SignatureInvalid
    if abs(clock.to_milliseconds(now) // 1000 - int(times[0])) > TOLERANCE_SECONDS:
        raise SignatureInvalid


def event_head(body: bytes) -> EventHead:
    """Raises ``BadWebhook``."""
    event = json_object(body)
    event_id, event_type = event.get("id"), event.get("type")
    if not is_text(event_id, 255) or not is_text(event_type, 100):
        raise BadWebhook
    return EventHead(str(event_id), str(event_type))


def observation_of_event(body: bytes) -> Observation | None:
    """None for a type that is none of a payment intent's life. Raises ``BadWebhook``."""
    event = json_object(body)
    status = STATUS_OF_EVENT.get(str(event.get("type")))
    if status is None:
        return None
    try:
        payment = event["data"]["object"]
        if status is Status.SUCCEEDED and payment["status"] != "succeeded":
            raise BadWebhook("A success speaks of a payment that has not succeeded.")
        return _observation(payment, status, event["created"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadWebhook(f"{type(error).__name__} in the event: {error}") from error


def observation_of_payment(payment: Mapping[str, Any], now: datetime) -> Observation:
    """Of a PaymentIntent as the API answers it. A declined attempt leaves its mark in
    ``last_payment_error`` and the payment open."""
    status = STATUS_OF_PAYMENT[payment["status"]]
    if status is Status.CREATED and payment.get("last_payment_error"):
        status = Status.FAILED
    return _observation(payment, status, clock.to_milliseconds(now) // 1000)


def _observation(payment: Mapping[str, Any], status: Status, seconds: int) -> Observation:
    amount = number(payment["amount"])
    received = number(payment.get("amount_received", amount))
    if not is_text(payment["id"], 100):
        raise ValueError("the payment has no id")
    error = payment.get("last_payment_error") or {}
    return Observation(
        provider=PROVIDER,
        ref=payment["id"],
        intent_id=intent_id_in(payment.get("metadata")),
        status=status,
        amount_minor=amount,
        received_minor=received if status is Status.SUCCEEDED else None,
        currency=payment["currency"].upper()[:3],
        at=clock.from_milliseconds(number(seconds) * 1000),
        failure_code=str(error.get("code") or "")[:64] if status is Status.FAILED else "",
        client_secret=str(payment.get("client_secret") or "")[:200],
    )


def _signature(body: bytes, secret: str, seconds: str) -> str:
    return hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
