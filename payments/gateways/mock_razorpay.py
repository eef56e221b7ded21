"""Razorpay, played by ourselves: its orders, payments, events and signatures.

Razorpay knows no canceled orders: one that is given up is simply not paid any more.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings

from pairly.core.ids import new_id
from payments.gateways import razorpay_wire
from payments.gateways.base import (
    DisputeState,
    Observation,
    RefundSeen,
    RefundState,
    SignedEvent,
    StatementLine,
)
from payments.gateways.mock import MockProvider
from payments.gateways.mock_razorpay_entities import (
    attempts_of,
    dispute_entity,
    item_of_line,
    order_entity,
    payment_entity,
    refund_entity,
)
from payments.gateways.models import MockDispute, MockLine, MockPayment, MockRefund
from payments.gateways.reading import seconds_of
from payments.intents.states import Status

__all__ = ["MockRazorpay"]

TYPE_OF_STATUS = {status: kind for kind, status in razorpay_wire.STATUS_OF_EVENT.items()}
TYPE_OF_DISPUTE = {state: kind for kind, state in razorpay_wire.STATE_OF_DISPUTE_EVENT.items()}


class MockRazorpay(razorpay_wire.RazorpayEvents, MockProvider):
    """A gateway; see ``base.MockGateway``."""

    tells = frozenset(TYPE_OF_STATUS)
    payment_prefix, refund_prefix, dispute_prefix = "order", "rfnd", "disp"
    debits_refunds_at_once = False

    def observe(self, payment: MockPayment, now: datetime) -> Observation:
        order, attempts = order_entity(payment), attempts_of(payment)
        seen = razorpay_wire.observation_of_order(order, attempts, now)
        return replace(seen, status=Status.CANCELED) if payment.status == Status.CANCELED else seen

    def event(self, payment: MockPayment, status: Status, at: datetime) -> SignedEvent:
        return _event(TYPE_OF_STATUS[status], {"payment": payment_entity(payment, status)}, at)

    def refund_seen(self, refund: MockRefund) -> RefundSeen:
        made_at = seconds_of(refund.created_at)
        return razorpay_wire.refund_seen(refund_entity(refund), refund.payment_id, made_at)

    def refund_event(self, refund: MockRefund, *, is_new: bool, at: datetime) -> SignedEvent:
        failed = refund.state == RefundState.FAILED
        kind = "created" if is_new else "failed" if failed else "processed"
        entities = {
            "refund": refund_entity(refund),
            "payment": payment_entity(refund.payment, Status.SUCCEEDED),
        }
        return _event(f"refund.{kind}", entities, at)

    def dispute_event(self, dispute: MockDispute, at: datetime) -> SignedEvent:
        kind = TYPE_OF_DISPUTE[DisputeState(dispute.state)]
        entities = {
            "payment": payment_entity(dispute.payment, Status.SUCCEEDED),
            "dispute": dispute_entity(dispute),
        }
        return _event(kind, entities, at)

    def line_seen(self, line: MockLine) -> StatementLine:
        seen = razorpay_wire.line_of_item(item_of_line(line))
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
        "created_at": seconds_of(at),
    }
    body = orjson.dumps(event)
    headers = {
        razorpay_wire.SIGNATURE_HEADER: razorpay_wire.signature_of(
            body, settings.RAZORPAY_WEBHOOK_SECRETS[0]
        ),
        razorpay_wire.EVENT_ID_HEADER: f"evt_mock_{new_id().hex}",
    }
    return SignedEvent(body, headers)
