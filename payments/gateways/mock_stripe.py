"""Stripe, played by ourselves: its objects, events and signatures."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings

from pairly.core import clock
from pairly.core.ids import new_id
from payments.gateways import stripe_wire
from payments.gateways.base import (
    DisputeSeen,
    DisputeState,
    EventHead,
    LineKind,
    Observation,
    RefundSeen,
    RefundState,
    SignedEvent,
    StatementLine,
)
from payments.gateways.mock import MockProvider
from payments.gateways.models import MockDispute, MockLine, MockPayment, MockRefund
from payments.intents.states import Status

__all__ = ["MockStripe"]

API_VERSION = "2026-09-30"
TYPE_OF_STATUS = {status: kind for kind, status in stripe_wire.STATUS_OF_EVENT.items()}
STRIPES_WORDS = {
    Status.CREATED: "requires_payment_method",
    Status.FAILED: "requires_payment_method",
}
WORD_OF_DISPUTE = {
    DisputeState.OPENED: "needs_response",
    DisputeState.WON: "won",
    DisputeState.LOST: "lost",
}
CATEGORY_OF_KIND = {kind: name for name, kind in stripe_wire.KIND_OF_CATEGORY.items()}


class MockStripe(MockProvider):
    """A gateway; see ``base.MockGateway``."""

    name = "stripe"
    webhook_headers: tuple[str, ...] = (stripe_wire.SIGNATURE_HEADER,)
    tells = frozenset(TYPE_OF_STATUS)
    payment_prefix, refund_prefix, dispute_prefix = "pi", "re", "dp"
    debits_refunds_at_once = True

    def check_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> EventHead:
        header = headers.get(stripe_wire.SIGNATURE_HEADER, "")
        stripe_wire.check_signature(body, header, settings.STRIPE_WEBHOOK_SECRETS, now)
        return stripe_wire.event_head(body)

    def read_webhook(self, body: bytes) -> Observation | RefundSeen | DisputeSeen | None:
        return stripe_wire.read_event(body)

    def observe(self, payment: MockPayment, now: datetime) -> Observation:
        return stripe_wire.observation_of_payment(_object(payment, Status(payment.status)), now)

    def event(self, payment: MockPayment, status: Status, at: datetime) -> SignedEvent:
        return _event(TYPE_OF_STATUS[status], _object(payment, status), at)

    def refund_seen(self, refund: MockRefund) -> RefundSeen:
        return stripe_wire.refund_seen(_refund(refund), _seconds(refund.created_at))

    def refund_event(self, refund: MockRefund, *, is_new: bool, at: datetime) -> SignedEvent:
        failed = refund.state == RefundState.FAILED
        kind = "created" if is_new else "failed" if failed else "updated"
        return _event(f"refund.{kind}", _refund(refund), at)

    def dispute_event(self, dispute: MockDispute, at: datetime) -> SignedEvent:
        kind = "created" if dispute.state == DisputeState.OPENED else "closed"
        return _event(f"charge.dispute.{kind}", _dispute(dispute), at)

    def line_seen(self, line: MockLine) -> StatementLine:
        seen = stripe_wire.line_of_transaction(_transaction(line))
        if seen is None:
            raise AssertionError(f"a line of no kind: {line.kind}")
        return seen


def _event(kind: str, thing: dict[str, Any], at: datetime) -> SignedEvent:
    event = {
        "id": f"evt_mock_{new_id().hex}",
        "object": "event",
        "api_version": API_VERSION,
        "created": _seconds(at),
        "type": kind,
        "livemode": False,
        "pending_webhooks": 1,
        "data": {"object": thing},
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


def _refund(refund: MockRefund) -> dict[str, Any]:
    metadata = {}
    if refund.refund_id:
        metadata = {"refund_id": str(refund.refund_id), "intent_id": str(refund.payment.intent_id)}
    return {
        "id": refund.ref,
        "object": "refund",
        "amount": refund.amount_minor,
        "charge": _charge(refund.payment.intent_id),
        "created": _seconds(refund.created_at),
        "currency": refund.payment.currency.lower(),
        "metadata": metadata,
        "payment_intent": refund.payment_id,
        "status": refund.state,
        **({"failure_reason": refund.failure_code} if refund.failure_code else {}),
    }


def _dispute(dispute: MockDispute) -> dict[str, Any]:
    return {
        "id": dispute.ref,
        "object": "dispute",
        "amount": dispute.amount_minor,
        "charge": _charge(dispute.payment.intent_id),
        "created": _seconds(dispute.created_at),
        "currency": dispute.payment.currency.lower(),
        "livemode": False,
        "metadata": {},
        "payment_intent": dispute.payment_id,
        "reason": "fraudulent",
        "status": WORD_OF_DISPUTE[DisputeState(dispute.state)],
    }


def _transaction(line: MockLine) -> dict[str, Any]:
    """The BalanceTransaction of a line, its source expanded."""
    kind, is_payment = LineKind(line.kind), line.kind == LineKind.PAYMENT
    is_dispute = kind in (LineKind.DISPUTE, LineKind.DISPUTE_WON)
    return {
        "id": line.line_ref,
        "object": "balance_transaction",
        "amount": line.amount_minor,
        "created": _seconds(line.at),
        "currency": line.currency.lower(),
        "fee": line.fee_minor,
        "net": line.amount_minor - line.fee_minor,
        "reporting_category": CATEGORY_OF_KIND[kind],
        "source": {
            "id": _charge(line.intent_id) if is_payment else line.ref,
            "object": "charge" if is_payment else "dispute" if is_dispute else "refund",
            "amount": abs(line.amount_minor),
            "currency": line.currency.lower(),
            "metadata": {} if is_dispute else {"intent_id": str(line.intent_id)},
            "payment_intent": line.payment_ref,
        },
        "status": "available",
    }


def _charge(intent_id: UUID) -> str:
    return f"ch_mock_{intent_id.hex}"


def _seconds(moment: datetime) -> int:
    return clock.to_milliseconds(moment) // 1000
