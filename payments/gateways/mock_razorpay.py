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

__all__ = ["MockRazorpay"]

TYPE_OF_STATUS = {status: kind for kind, status in razorpay_wire.STATUS_OF_EVENT.items()}
STATUS_OF_PAYMENT = {
    Status.PROCESSING: "authorized",
    Status.FAILED: "failed",
    Status.SUCCEEDED: "captured",
}
WORD_OF_REFUND = {state: word for word, state in razorpay_wire.STATE_OF_REFUND.items()}
TYPE_OF_DISPUTE = {state: kind for kind, state in razorpay_wire.STATE_OF_DISPUTE_EVENT.items()}
DISPUTE_KINDS = (LineKind.DISPUTE, LineKind.DISPUTE_WON)


class MockRazorpay(MockProvider):
    """A gateway; see ``base.MockGateway``."""

    name = "razorpay"
    webhook_headers: tuple[str, ...] = (
        razorpay_wire.SIGNATURE_HEADER,
        razorpay_wire.EVENT_ID_HEADER,
    )
    tells = frozenset(TYPE_OF_STATUS)
    payment_prefix, refund_prefix, dispute_prefix = "order", "rfnd", "disp"
    debits_refunds_at_once = False

    def check_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> EventHead:
        given = headers.get(razorpay_wire.SIGNATURE_HEADER, "")
        razorpay_wire.check_signature(body, given, settings.RAZORPAY_WEBHOOK_SECRETS)
        return razorpay_wire.event_head(body, headers.get(razorpay_wire.EVENT_ID_HEADER, ""))

    def read_webhook(self, body: bytes) -> Observation | RefundSeen | DisputeSeen | None:
        return razorpay_wire.read_event(body)

    def observe(self, payment: MockPayment, now: datetime) -> Observation:
        seen = razorpay_wire.observation_of_order(_order(payment), now)
        return replace(seen, status=Status.CANCELED) if payment.status == Status.CANCELED else seen

    def event(self, payment: MockPayment, status: Status, at: datetime) -> SignedEvent:
        return _event(TYPE_OF_STATUS[status], {"payment": _payment(payment, status)}, at)

    def refund_seen(self, refund: MockRefund) -> RefundSeen:
        seconds = _seconds(refund.created_at)
        return razorpay_wire.refund_seen(_refund(refund), refund.payment_id, seconds)

    def refund_event(self, refund: MockRefund, *, is_new: bool, at: datetime) -> SignedEvent:
        failed = refund.state == RefundState.FAILED
        kind = "created" if is_new else "failed" if failed else "processed"
        entities = {
            "refund": _refund(refund),
            "payment": _payment(refund.payment, Status.SUCCEEDED),
        }
        return _event(f"refund.{kind}", entities, at)

    def dispute_event(self, dispute: MockDispute, at: datetime) -> SignedEvent:
        kind = TYPE_OF_DISPUTE[DisputeState(dispute.state)]
        entities = {
            "payment": _payment(dispute.payment, Status.SUCCEEDED),
            "dispute": _dispute(dispute),
        }
        return _event(kind, entities, at)

    def line_seen(self, line: MockLine) -> StatementLine:
        seen = razorpay_wire.line_of_item(_item(line))
        if seen is None:
            raise AssertionError(f"a line of no kind: {line.kind}")
        return seen


def _event(kind: str, entities: dict[str, dict[str, Any]], at: datetime) -> SignedEvent:
    event = {
        "entity": "event",
        "account_id": "acc_mock",
        "event": kind,
        "contains": list(entities),
        "payload": {name: {"entity": entity} for name, entity in entities.items()},
        "created_at": _seconds(at),
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
        "id": _pay(payment.intent_id),
        "entity": "payment",
        "amount": payment.amount_minor,
        "currency": payment.currency,
        "status": STATUS_OF_PAYMENT[status],
        "order_id": payment.ref,
        "captured": status is Status.SUCCEEDED,
        "notes": {"intent_id": str(payment.intent_id)},
        "error_code": (payment.failure_code or "BAD_REQUEST_ERROR") if failed else None,
    }


def _refund(refund: MockRefund) -> dict[str, Any]:
    notes: dict[str, str] = {}
    if refund.refund_id:
        notes = {"refund_id": str(refund.refund_id), "intent_id": str(refund.payment.intent_id)}
    return {
        "id": refund.ref,
        "entity": "refund",
        "amount": refund.amount_minor,
        "currency": refund.payment.currency,
        "payment_id": _pay(refund.payment.intent_id),
        "notes": notes or [],
        "status": WORD_OF_REFUND[RefundState(refund.state)],
        "created_at": _seconds(refund.created_at),
    }


def _dispute(dispute: MockDispute) -> dict[str, Any]:
    state = DisputeState(dispute.state)
    return {
        "id": dispute.ref,
        "entity": "dispute",
        "payment_id": _pay(dispute.payment.intent_id),
        "amount": dispute.amount_minor,
        "currency": dispute.payment.currency,
        "amount_deducted": 0 if state is DisputeState.WON else dispute.amount_minor,
        "reason_code": "goods_or_services_not_received_or_partially_received",
        "phase": "chargeback",
        "status": "open" if state is DisputeState.OPENED else state.value,
        "created_at": _seconds(dispute.created_at),
    }


def _item(line: MockLine) -> dict[str, Any]:
    """A line as the settlement reconciliation tells it: settled at once."""
    kind = LineKind(line.kind)
    is_payment, is_dispute = kind is LineKind.PAYMENT, kind in DISPUTE_KINDS
    amount, is_debit = abs(line.amount_minor), line.amount_minor < 0
    return {
        "entity_id": _pay(line.intent_id) if is_payment else line.ref,
        "type": "adjustment" if is_dispute else kind.value,
        "debit": amount + line.fee_minor if is_debit else 0,
        "credit": 0 if is_debit else max(0, amount - line.fee_minor),
        "amount": amount,
        "currency": line.currency,
        "fee": line.fee_minor,
        "tax": 0,
        "settled": True,
        "created_at": _seconds(line.at),
        "settled_at": _seconds(line.at),
        "settlement_id": line.line_ref,
        "order_id": line.payment_ref,
        "dispute_id": line.ref if is_dispute else None,
        "notes": "{}" if is_dispute else f'{{"intent_id":"{line.intent_id}"}}',
    }


def _pay(intent_id: UUID) -> str:
    return f"pay_mock_{intent_id.hex}"


def _seconds(moment: datetime) -> int:
    return clock.to_milliseconds(moment) // 1000
