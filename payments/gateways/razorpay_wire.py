"""Razorpay on the wire: signatures and what its entities say, for the mock and for the real one.

Signatures: https://razorpay.com/docs/webhooks/validate-test. ``X-Razorpay-Signature`` is the hex
HMAC-SHA256 of the body. It covers no time, so a replay is only known by ``x-razorpay-event-id``,
which is kept for ever. What we call the payment's id is that of Razorpay's order.
"""

import hashlib
import hmac
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
)
from payments.intents.states import Status

__all__ = [
    "EVENT_ID_HEADER",
    "SIGNATURE_HEADER",
    "STATUS_OF_EVENT",
    "RazorpayEvents",
    "check_signature",
    "event_head",
    "line_of_item",
    "observation_of_order",
    "read_event",
    "refund_seen",
    "signature_of",
]

PROVIDER = "razorpay"
SIGNATURE_HEADER: Final = "x-razorpay-signature"
EVENT_ID_HEADER: Final = "x-razorpay-event-id"

STATUS_OF_EVENT: Final = {
    "payment.authorized": Status.PROCESSING,
    "payment.failed": Status.FAILED,
    "payment.captured": Status.SUCCEEDED,
}
REFUND_EVENTS: Final = ("refund.created", "refund.processed", "refund.failed")
STATE_OF_REFUND: Final = {
    "pending": RefundState.PENDING,
    "processed": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
}
STATE_OF_DISPUTE_EVENT: Final = {
    "payment.dispute.created": DisputeState.OPENED,
    "payment.dispute.won": DisputeState.WON,
    "payment.dispute.lost": DisputeState.LOST,
}
INQUIRIES: Final = ("fraud", "retrieval")
"""Phases of a dispute in which a bank asks and nobody takes money."""


class RazorpayEvents:
    """How a gateway takes in Razorpay's events, the mock's and the real one's alike."""

    name = PROVIDER
    webhook_headers: tuple[str, ...] = (SIGNATURE_HEADER, EVENT_ID_HEADER)

    def check_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> EventHead:
        check_signature(body, headers.get(SIGNATURE_HEADER, ""), settings.RAZORPAY_WEBHOOK_SECRETS)
        return event_head(body, headers.get(EVENT_ID_HEADER, ""))

    def read_webhook(self, body: bytes) -> Observation | RefundSeen | DisputeSeen | None:
        return read_event(body)


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


def read_event(body: bytes) -> Observation | RefundSeen | DisputeSeen | None:
    """None for a type that says nothing of an order's payment, a refund or a dispute. Raises
    ``BadWebhook``."""
    event = json_object(body)
    kind = str(event.get("event"))
    try:
        if kind in STATUS_OF_EVENT:
            return _observation_of_event(event, STATUS_OF_EVENT[kind])
        if kind in REFUND_EVENTS:
            return _refund_of_event(event)
        if kind in STATE_OF_DISPUTE_EVENT:
            return _dispute_seen(event, STATE_OF_DISPUTE_EVENT[kind])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadWebhook(f"{type(error).__name__} in the event: {error}") from error
    return None


def observation_of_order(
    order: Mapping[str, Any], attempts: Sequence[Mapping[str, Any]], now: datetime
) -> Observation:
    """Of an order as the API answers it, and of the payments that were tried for it, newest
    first, as it lists them. Paid is only what the order says is paid."""
    status = Status.SUCCEEDED if order["status"] == "paid" else _status_of(attempts)
    code = attempts[0].get("error_code") if status is Status.FAILED else None
    return Observation(
        provider=PROVIDER,
        ref=ref_of(order["id"]),
        intent_id=id_in(order.get("notes"), "intent_id"),
        status=status,
        amount_minor=number(order["amount"]),
        received_minor=number(order["amount_paid"]) if status is Status.SUCCEEDED else None,
        currency=order["currency"].upper()[:3],
        at=now,
        failure_code=str(code or "").lower()[:64],
    )


def _status_of(attempts: Sequence[Mapping[str, Any]]) -> Status:
    tried = {attempt["status"] for attempt in attempts}
    if tried & {"authorized", "captured"}:
        return Status.PROCESSING
    return Status.FAILED if tried == {"failed"} else Status.CREATED


def refund_seen(refund: Mapping[str, Any], order_id: str, seconds: int) -> RefundSeen:
    """Of a refund, which itself names its payment and not the order, at that time."""
    state = STATE_OF_REFUND[refund["status"]]
    return RefundSeen(
        provider=PROVIDER,
        ref=ref_of(refund["id"]),
        refund_id=id_in(refund.get("notes"), "refund_id"),
        intent_id=id_in(refund.get("notes"), "intent_id"),
        payment_ref=order_id,
        state=state,
        amount_minor=number(refund["amount"]),
        currency=refund["currency"].upper()[:3],
        at=moment_of(seconds),
        failure_code="refund_failed" if state is RefundState.FAILED else "",
    )


def line_of_item(item: Mapping[str, Any]) -> StatementLine | None:
    """Of an item of the settlement reconciliation; None for what is none of a payment's. The fee
    includes its tax. An item stands once in a settlement, and is named by both."""
    kind = _kind_of_item(item)
    if kind is None:
        return None
    is_debit = number(item["debit"]) > number(item["credit"])
    notes = item.get("notes")
    order_id = ref_or_empty(item.get("order_id"))
    entity_id = ref_of(item["entity_id"])
    is_payment = kind is LineKind.PAYMENT
    amount = number(item["amount"])
    return StatementLine(
        provider=PROVIDER,
        line_ref=f"{ref_of(item['settlement_id'])}/{entity_id}",
        kind=kind,
        ref=order_id or entity_id if is_payment else item.get("dispute_id") or entity_id,
        payment_ref=order_id,
        intent_id=id_in(
            json_object(notes.encode()) if isinstance(notes, str) else notes, "intent_id"
        ),
        amount_minor=-amount if is_debit else amount,
        fee_minor=number(item["fee"]),
        currency=item["currency"].upper()[:3],
        at=moment_of(item["created_at"]),
    )


def _kind_of_item(item: Mapping[str, Any]) -> LineKind | None:
    if item["type"] in ("payment", "refund"):
        return LineKind(item["type"])
    if item["type"] != "adjustment" or not item.get("dispute_id"):
        return None
    return LineKind.DISPUTE if number(item["debit"]) else LineKind.DISPUTE_WON


def _observation_of_event(event: Mapping[str, Any], status: Status) -> Observation:
    payment = event["payload"]["payment"]["entity"]
    if status is Status.SUCCEEDED and payment["status"] != "captured":
        raise BadWebhook("A success speaks of a payment that was not captured.")
    amount = number(payment["amount"])
    return Observation(
        provider=PROVIDER,
        ref=ref_of(payment["order_id"]),
        intent_id=id_in(payment.get("notes"), "intent_id"),
        status=status,
        amount_minor=amount,
        received_minor=amount if status is Status.SUCCEEDED else None,
        currency=payment["currency"].upper()[:3],
        at=moment_of(event["created_at"]),
        failure_code=str(payment.get("error_code") or "").lower()[:64],
    )


def _refund_of_event(event: Mapping[str, Any]) -> RefundSeen | None:
    """A payment that was never captured, such as a second one of an order, goes back by itself:
    nothing was bought for it (https://razorpay.com/docs/payments/refunds/auto-refunds)."""
    if event["payload"]["payment"]["entity"].get("captured") is False:
        return None
    refund = event["payload"]["refund"]["entity"]
    return refund_seen(refund, _order_of(event), event["created_at"])


def _dispute_seen(event: Mapping[str, Any], state: DisputeState) -> DisputeSeen | None:
    dispute = event["payload"]["dispute"]["entity"]
    if dispute.get("phase") in INQUIRIES:
        return None
    payment = event["payload"]["payment"]["entity"]
    return DisputeSeen(
        provider=PROVIDER,
        ref=ref_of(dispute["id"]),
        intent_id=id_in(payment.get("notes"), "intent_id"),
        payment_ref=_order_of(event),
        state=state,
        amount_minor=number(dispute["amount"]),
        currency=dispute["currency"].upper()[:3],
        at=moment_of(event["created_at"]),
        reason=str(dispute.get("reason_code") or "")[:100],
    )


def _order_of(event: Mapping[str, Any]) -> str:
    """A payment that was made without an order is none of ours, and has none here."""
    return ref_or_empty(event["payload"]["payment"]["entity"].get("order_id"))
