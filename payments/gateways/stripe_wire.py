"""Stripe on the wire: signatures and what its objects say, for the mock and for the real one.

Signatures: https://docs.stripe.com/webhooks/signatures. The header holds ``t=<seconds>`` and one
or more ``v1=<hex HMAC-SHA256 of "<t>." and the body>``.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.conf import settings

from payments.gateways.base import (
    BadWebhook,
    DisputeSeen,
    DisputeState,
    EventHead,
    LineKind,
    Observation,
    RefundSeen,
    RefundState,
    SignatureInvalid,
    StatementLine,
)
from payments.gateways.reading import (
    id_in,
    is_text,
    json_object,
    moment_of,
    number,
    ref_of,
    ref_or_empty,
    seconds_of,
)
from payments.intents.states import Status

__all__ = [
    "SIGNATURE_HEADER",
    "STATUS_OF_EVENT",
    "TOLERANCE_SECONDS",
    "StripeEvents",
    "check_signature",
    "event_head",
    "line_of_transaction",
    "observation_of_payment",
    "read_event",
    "refund_seen",
    "signature_header",
]

PROVIDER = "stripe"
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
REFUND_EVENTS: Final = ("refund.created", "refund.updated", "refund.failed")
STATE_OF_REFUND: Final = {
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
DISPUTE_EVENTS: Final = (
    "charge.dispute.created",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.closed",
)
# An inquiry (warning_…) takes no money; if it becomes a dispute, funds_withdrawn says so.
STATE_OF_DISPUTE: Final = {
    "needs_response": DisputeState.OPENED,
    "under_review": DisputeState.OPENED,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
}
KIND_OF_CATEGORY: Final = {
    "charge": LineKind.PAYMENT,
    "refund": LineKind.REFUND,
    "refund_failure": LineKind.REFUND_FAILED,
    "dispute": LineKind.DISPUTE,
    "dispute_reversal": LineKind.DISPUTE_WON,
}


class StripeEvents:
    """How a gateway takes in Stripe's events, the mock's and the real one's alike."""

    name = PROVIDER
    webhook_headers: tuple[str, ...] = (SIGNATURE_HEADER,)

    def check_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> EventHead:
        header = headers.get(SIGNATURE_HEADER, "")
        check_signature(body, header, settings.STRIPE_WEBHOOK_SECRETS, now)
        return event_head(body)

    def read_webhook(self, body: bytes) -> Observation | RefundSeen | DisputeSeen | None:
        return read_event(body)


def signature_header(body: bytes, secret: str, now: datetime) -> str:
    """What Stripe sends beside a body."""
    seconds = str(seconds_of(now))
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
    if abs(seconds_of(now) - int(times[0])) > TOLERANCE_SECONDS:
        raise SignatureInvalid


def event_head(body: bytes) -> EventHead:
    """Raises ``BadWebhook``."""
    event = json_object(body)
    event_id, event_type = event.get("id"), event.get("type")
    if not is_text(event_id, 255) or not is_text(event_type, 100):
        raise BadWebhook
    return EventHead(str(event_id), str(event_type))


def read_event(body: bytes) -> Observation | RefundSeen | DisputeSeen | None:
    """None for a type that says nothing of a payment, a refund or a dispute. Raises
    ``BadWebhook``."""
    event = json_object(body)
    kind = str(event.get("type"))
    try:
        if kind in STATUS_OF_EVENT:
            return _observation_of_event(event, STATUS_OF_EVENT[kind])
        if kind in REFUND_EVENTS:
            return refund_seen(event["data"]["object"], event["created"])
        if kind in DISPUTE_EVENTS:
            return _dispute_seen(event["data"]["object"], event["created"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadWebhook(f"{type(error).__name__} in the event: {error}") from error
    return None


def observation_of_payment(payment: Mapping[str, Any], now: datetime) -> Observation:
    """Of a PaymentIntent as the API answers it. A declined attempt leaves its mark in
    ``last_payment_error`` and the payment open."""
    status = STATUS_OF_PAYMENT[payment["status"]]
    if status is Status.CREATED and payment.get("last_payment_error"):
        status = Status.FAILED
    return _observation(payment, status, seconds_of(now))


def refund_seen(refund: Mapping[str, Any], seconds: int) -> RefundSeen:
    """Of a Refund, as the API answers it or an event brings it, at that time."""
    return RefundSeen(
        provider=PROVIDER,
        ref=ref_of(refund["id"]),
        refund_id=id_in(refund.get("metadata"), "refund_id"),
        intent_id=id_in(refund.get("metadata"), "intent_id"),
        payment_ref=ref_or_empty(refund.get("payment_intent")),
        state=STATE_OF_REFUND[refund["status"]],
        amount_minor=number(refund["amount"]),
        currency=refund["currency"].upper()[:3],
        at=moment_of(seconds),
        failure_code=str(refund.get("failure_reason") or "")[:64],
    )


def line_of_transaction(transaction: Mapping[str, Any]) -> StatementLine | None:
    """Of a BalanceTransaction with its ``source`` expanded; None for what is none of a payment's,
    such as a payout.

    Stripe accounts in the currency that it pays out in: then the amount is that of the source,
    and the fee is converted at the same rate. A fee that it gives back counts as none.
    """
    kind = KIND_OF_CATEGORY.get(transaction["reporting_category"])
    if kind is None:
        return None
    source = transaction["source"]
    payment_ref = ref_or_empty(source.get("payment_intent"))
    amount, fee = transaction["amount"], max(0, transaction["fee"])
    if source["currency"] != transaction["currency"]:
        original = number(source["amount"])
        fee = number(fee) * original // max(1, abs(amount))
        amount = original if amount > 0 else -original
    number(abs(amount))
    return StatementLine(
        provider=PROVIDER,
        line_ref=ref_of(transaction["id"]),
        kind=kind,
        ref=payment_ref or ref_of(source["id"])
        if kind is LineKind.PAYMENT
        else ref_of(source["id"]),
        payment_ref=payment_ref,
        intent_id=id_in(source.get("metadata"), "intent_id"),
        amount_minor=amount,
        fee_minor=number(fee),
        currency=source["currency"].upper()[:3],
        at=moment_of(transaction["created"]),
    )


def _observation_of_event(event: Mapping[str, Any], status: Status) -> Observation:
    payment = event["data"]["object"]
    if status is Status.SUCCEEDED and payment["status"] != "succeeded":
        raise BadWebhook("A success speaks of a payment that has not succeeded.")
    return _observation(payment, status, event["created"])


def _dispute_seen(dispute: Mapping[str, Any], seconds: int) -> DisputeSeen | None:
    state = STATE_OF_DISPUTE.get(dispute["status"])
    if state is None:
        return None
    return DisputeSeen(
        provider=PROVIDER,
        ref=ref_of(dispute["id"]),
        intent_id=id_in(dispute.get("metadata"), "intent_id"),
        payment_ref=ref_or_empty(dispute.get("payment_intent")),
        state=state,
        amount_minor=number(dispute["amount"]),
        currency=dispute["currency"].upper()[:3],
        at=moment_of(seconds),
        reason=str(dispute.get("reason") or "")[:100],
    )


def _observation(payment: Mapping[str, Any], status: Status, seconds: int) -> Observation:
    amount = number(payment["amount"])
    received = number(payment.get("amount_received", amount))
    error = payment.get("last_payment_error") or {}
    return Observation(
        provider=PROVIDER,
        ref=ref_of(payment["id"]),
        intent_id=id_in(payment.get("metadata"), "intent_id"),
        status=status,
        amount_minor=amount,
        received_minor=received if status is Status.SUCCEEDED else None,
        currency=payment["currency"].upper()[:3],
        at=moment_of(seconds),
        failure_code=str(error.get("code") or "")[:64] if status is Status.FAILED else "",
        client_secret=str(payment.get("client_secret") or "")[:200],
    )


def _signature(body: bytes, secret: str, seconds: str) -> str:
    return hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
