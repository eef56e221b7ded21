"""Stripe on its bad days: siblings of the mock, put in its place by settings."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from payments.gateways.base import (
    GatewayRefused,
    GatewayUnreachable,
    Observation,
    Order,
    RefundOrder,
    RefundSeen,
    StatementLine,
)
from payments.gateways.mock_stripe import MockStripe
from payments.tests.buyers import deliver

__all__ = [
    "DEAF",
    "EAGER",
    "MISCOUNTING",
    "NAMELESS",
    "REFUSING",
    "SILENT",
    "SLOW",
    "DeafStripe",
    "EagerStripe",
    "MiscountingStripe",
    "NamelessStripe",
    "RefusingStripe",
    "SilentStripe",
]

DEAF = {"stripe": "payments.tests.gateways.DeafStripe"}
EAGER = {"stripe": "payments.tests.gateways.EagerStripe"}
MISCOUNTING = {"stripe": "payments.tests.gateways.MiscountingStripe"}
NAMELESS = {"stripe": "payments.tests.gateways.NamelessStripe"}
REFUSING = {"stripe": "payments.tests.gateways.RefusingStripe"}
SLOW = {"stripe": "payments.tests.gateways.SlowStripe"}
SILENT = {"stripe": "payments.tests.gateways.SilentStripe"}


class MiscountingStripe(MockStripe):
    """Asked, it tells of another amount than it was given."""

    def fetch(self, order: Order, now: datetime) -> Observation | None:
        seen = super().fetch(order, now)
        return None if seen is None else replace(seen, amount_minor=seen.amount_minor - 1)


class EagerStripe(MockStripe):
    """Its webhook is faster than its answer."""

    def create(self, order: Order, now: datetime) -> Observation:
        seen = super().create(order, now)
        payment = {
            "id": seen.ref,
            "object": "payment_intent",
            "amount": order.amount_minor,
            "amount_received": order.amount_minor,
            "currency": order.currency.lower(),
            "status": "succeeded",
            "metadata": {"intent_id": str(order.intent_id)},
        }
        event = {
            "id": f"evt_{uuid4().hex}",
            "type": "payment_intent.succeeded",
            "created": int(time.time()),
            "data": {"object": payment},
        }
        assert deliver(json.dumps(event).encode()).status_code == 200
        return seen


class SilentStripe(MockStripe):
    """It hears what is asked of it and never answers."""

    def create(self, order: Order, now: datetime) -> Observation:
        super().create(order, now)
        raise GatewayUnreachable

    def fetch(self, order: Order, now: datetime) -> Observation | None:
        raise GatewayUnreachable

    def cancel(self, order: Order, now: datetime) -> Observation | None:
        raise GatewayUnreachable

    def statement(self, since: datetime, until: datetime) -> Iterator[StatementLine]:
        raise GatewayUnreachable

    def refund(self, order: RefundOrder, now: datetime) -> RefundSeen:
        super().refund(order, now)
        raise GatewayUnreachable

    def fetch_refund(self, order: RefundOrder, now: datetime) -> RefundSeen | None:
        raise GatewayUnreachable


class SlowStripe(MockStripe):
    """Its statement tells of a payment when that is settled, up to two days later."""

    statement_delay_days = 2


class NamelessStripe(MockStripe):
    """Its statement has lines that name nothing: those whose payment is called ``nameless``."""

    def statement(self, since: datetime, until: datetime) -> Iterator[StatementLine]:
        for line in super().statement(since, until):
            if line.payment_ref == "nameless":
                yield replace(line, ref="", payment_ref="", intent_id=None)
            else:
                yield line


class DeafStripe(SilentStripe):
    """Of refunds it does not even hear."""

    def refund(self, order: RefundOrder, now: datetime) -> RefundSeen:
        raise GatewayUnreachable


class RefusingStripe(MockStripe):
    """It has no money to give back."""

    def refund(self, order: RefundOrder, now: datetime) -> RefundSeen:
        raise GatewayRefused("balance_insufficient", "There is not enough money.")
