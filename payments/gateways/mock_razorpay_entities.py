"""Razorpay's entities as its API would answer them, of what stands in the mock's books."""

from typing import Any
from uuid import UUID

from payments.gateways import razorpay_wire
from payments.gateways.base import DisputeState, LineKind, RefundState
from payments.gateways.models import MockDispute, MockLine, MockPayment, MockRefund
from payments.gateways.reading import seconds_of
from payments.intents.states import Status

__all__ = [
    "attempts_of",
    "dispute_entity",
    "item_of_line",
    "order_entity",
    "payment_entity",
    "payment_id",
    "refund_entity",
]

STATUS_OF_PAYMENT = {
    Status.PROCESSING: "authorized",
    Status.FAILED: "failed",
    Status.SUCCEEDED: "captured",
}
WORD_OF_REFUND = {state: word for word, state in razorpay_wire.STATE_OF_REFUND.items()}
DISPUTE_KINDS = (LineKind.DISPUTE, LineKind.DISPUTE_WON)


def order_entity(payment: MockPayment) -> dict[str, Any]:
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


def payment_entity(payment: MockPayment, status: Status) -> dict[str, Any]:
    """The attempt that an event speaks of."""
    failed = status is Status.FAILED
    return {
        "id": payment_id(payment.intent_id),
        "entity": "payment",
        "amount": payment.amount_minor,
        "currency": payment.currency,
        "status": STATUS_OF_PAYMENT[status],
        "order_id": payment.ref,
        "captured": status is Status.SUCCEEDED,
        "notes": {"intent_id": str(payment.intent_id)},
        "error_code": (payment.failure_code or "BAD_REQUEST_ERROR") if failed else None,
        "created_at": seconds_of(payment.created_at),
    }


def attempts_of(payment: MockPayment) -> list[dict[str, Any]]:
    """The payments that were tried for an order; the mock remembers the newest."""
    status = Status(payment.status)
    if status in STATUS_OF_PAYMENT:
        return [payment_entity(payment, status)]
    return [payment_entity(payment, Status.FAILED)] if payment.failure_code else []


def refund_entity(refund: MockRefund) -> dict[str, Any]:
    notes: dict[str, str] = {}
    if refund.refund_id:
        notes = {"refund_id": str(refund.refund_id), "intent_id": str(refund.payment.intent_id)}
    return {
        "id": refund.ref,
        "entity": "refund",
        "amount": refund.amount_minor,
        "currency": refund.payment.currency,
        "payment_id": payment_id(refund.payment.intent_id),
        "notes": notes or [],
        "status": WORD_OF_REFUND[RefundState(refund.state)],
        "created_at": seconds_of(refund.created_at),
    }


def dispute_entity(dispute: MockDispute) -> dict[str, Any]:
    state = DisputeState(dispute.state)
    return {
        "id": dispute.ref,
        "entity": "dispute",
        "payment_id": payment_id(dispute.payment.intent_id),
        "amount": dispute.amount_minor,
        "currency": dispute.payment.currency,
        "amount_deducted": 0 if state is DisputeState.WON else dispute.amount_minor,
        "reason_code": "goods_or_services_not_received_or_partially_received",
        "phase": "chargeback",
        "status": "open" if state is DisputeState.OPENED else state.value,
        "created_at": seconds_of(dispute.created_at),
    }


def item_of_line(line: MockLine) -> dict[str, Any]:
    """A line as the settlement reconciliation tells it: settled at once."""
    kind = LineKind(line.kind)
    is_payment, is_dispute = kind is LineKind.PAYMENT, kind in DISPUTE_KINDS
    amount, is_debit = abs(line.amount_minor), line.amount_minor < 0
    return {
        "entity_id": payment_id(line.intent_id) if is_payment else line.ref,
        "type": "adjustment" if is_dispute else kind.value,
        "debit": amount + line.fee_minor if is_debit else 0,
        "credit": 0 if is_debit else max(0, amount - line.fee_minor),
        "amount": amount,
        "currency": line.currency,
        "fee": line.fee_minor,
        "tax": 0,
        "settled": True,
        "created_at": seconds_of(line.at),
        "settled_at": seconds_of(line.at),
        "settlement_id": line.line_ref,
        "order_id": line.payment_ref,
        "dispute_id": line.ref if is_dispute else None,
        "notes": "{}" if is_dispute else f'{{"intent_id":"{line.intent_id}"}}',
    }


def payment_id(intent_id: UUID) -> str:
    return f"pay_mock_{intent_id.hex}"
