"""Stripe, played by ourselves: its objects, events and signatures."""

from datetime import datetime
from typing import Any

import orjson
from django.conf import settings

from pairly.core import clock
from pairly.core.ids import new_id
from payments.gateways import stripe_wire
from payments.gateways.base import (
    DisputeState,
    Observation,
    RefundSeen,
    RefundState,
    SignedEvent,
    StatementLine,
)
from payments.gateways.mock import MockProvider
from payments.gateways.mock_stripe_objects import (
    dispute_object,
    payment_object,
    refund_object,
    transaction_object,
)
from payments.gateways.models import MockDispute, MockLine, MockPayment, MockRefund
from payments.gateways.reading import seconds_of
from payments.intents.states import Status

__all__ = ["MockStripe"]

API_VERSION = "2026-09-30"
TYPE_OF_STATUS = {status: kind for kind, status in stripe_wire.STATUS_OF_EVENT.items()}


class MockStripe(stripe_wire.StripeEvents, MockProvider):
    """A gateway; see ``base.MockGateway``."""

    tells = frozenset(TYPE_OF_STATUS)
    payment_prefix, refund_prefix, dispute_prefix = "pi", "re", "dp"
    debits_refunds_at_once = True

    def observe(self, payment: MockPayment, now: datetime) -> Observation:
        return stripe_wire.observation_of_payment(
            payment_object(payment, Status(payment.status)), now
        )

    def event(self, payment: MockPayment, status: Status, at: datetime) -> SignedEvent:
        return _event(TYPE_OF_STATUS[status], payment_object(payment, status), at)

    def refund_seen(self, refund: MockRefund) -> RefundSeen:
        return stripe_wire.refund_seen(refund_object(refund), seconds_of(refund.created_at))

    def refund_event(self, refund: MockRefund, *, is_new: bool, at: datetime) -> SignedEvent:
        failed = refund.state == RefundState.FAILED
        kind = "created" if is_new else "failed" if failed else "updated"
        return _event(f"refund.{kind}", refund_object(refund), at)

    def dispute_event(self, dispute: MockDispute, at: datetime) -> SignedEvent:
        kind = "created" if dispute.state == DisputeState.OPENED else "closed"
        return _event(f"charge.dispute.{kind}", dispute_object(dispute), at)

    def line_seen(self, line: MockLine) -> StatementLine:
        seen = stripe_wire.line_of_transaction(transaction_object(line))
        if seen is None:
            raise AssertionError(f"a line of no kind: {line.kind}")
        return seen


def _event(kind: str, thing: dict[str, Any], at: datetime) -> SignedEvent:
    event = {
        "id": f"evt_mock_{new_id().hex}",
        "object": "event",
        "api_version": API_VERSION,
        "created": seconds_of(at),
        "type": kind,
        "livemode": False,
        "pending_webhooks": 1,
        "data": {"object": thing},
    }
    body = orjson.dumps(event)
    # Signed when it is sent, however old the news.
    header = stripe_wire.signature_header(body, settings.STRIPE_WEBHOOK_SECRETS[0], clock.now())
    return SignedEvent(body, {stripe_wire.SIGNATURE_HEADER: header})
