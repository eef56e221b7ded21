"""Stripe's objects as its API would answer them, of what stands in the mock's books."""

from typing import Any
from uuid import UUID

from payments.gateways import stripe_wire
from payments.gateways.base import DisputeState, LineKind
from payments.gateways.models import MockDispute, MockLine, MockPayment, MockRefund
from payments.gateways.reading import seconds_of
from payments.intents.states import Status

__all__ = ["dispute_object", "payment_object", "refund_object", "transaction_object"]

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


def payment_object(payment: MockPayment, status: Status) -> dict[str, Any]:
    """A PaymentIntent, as it is in that status."""
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
        "created": seconds_of(payment.created_at),
        "currency": payment.currency.lower(),
        "last_payment_error": error,
        "livemode": False,
        "metadata": {"intent_id": str(payment.intent_id)},
        "status": STRIPES_WORDS.get(status, status.value),
    }


def refund_object(refund: MockRefund) -> dict[str, Any]:
    """A Refund."""
    metadata = {}
    if refund.refund_id:
        metadata = {"refund_id": str(refund.refund_id), "intent_id": str(refund.payment.intent_id)}
    return {
        "id": refund.ref,
        "object": "refund",
        "amount": refund.amount_minor,
        "charge": _charge(refund.payment.intent_id),
        "created": seconds_of(refund.created_at),
        "currency": refund.payment.currency.lower(),
        "metadata": metadata,
        "payment_intent": refund.payment_id,
        "status": refund.state,
        **({"failure_reason": refund.failure_code} if refund.failure_code else {}),
    }


def dispute_object(dispute: MockDispute) -> dict[str, Any]:
    """A Dispute."""
    return {
        "id": dispute.ref,
        "object": "dispute",
        "amount": dispute.amount_minor,
        "charge": _charge(dispute.payment.intent_id),
        "created": seconds_of(dispute.created_at),
        "currency": dispute.payment.currency.lower(),
        "livemode": False,
        "metadata": {},
        "payment_intent": dispute.payment_id,
        "reason": "fraudulent",
        "status": WORD_OF_DISPUTE[DisputeState(dispute.state)],
    }


def transaction_object(line: MockLine) -> dict[str, Any]:
    """The BalanceTransaction of a line, its source expanded."""
    kind, is_payment = LineKind(line.kind), line.kind == LineKind.PAYMENT
    is_dispute = kind in (LineKind.DISPUTE, LineKind.DISPUTE_WON)
    return {
        "id": line.line_ref,
        "object": "balance_transaction",
        "amount": line.amount_minor,
        "created": seconds_of(line.at),
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
