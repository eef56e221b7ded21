"""Razorpay's API as far as we use it: https://razorpay.com/docs/api."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from pairly.core import clock
from payments.gateways.base import GatewayRefused, Order
from payments.gateways.mock_books import make_refund
from payments.gateways.mock_razorpay import MockRazorpay
from payments.gateways.mock_razorpay_entities import (
    attempts_of,
    item_of_line,
    order_entity,
    refund_entity,
)
from payments.gateways.models import MockLine, MockPayment, MockRefund
from payments.tests.stand_ins.server import Answer, Asked, StandIn, Wrong

__all__ = ["RazorpayStandIn"]

KEY_ID, KEY_SECRET = "rzp_test_stand_in", "stand-in-secret"
INDIA = timedelta(hours=5, minutes=30)


class RazorpayStandIn(StandIn):
    def __init__(self) -> None:
        super().__init__()
        self.paid_twice = False
        self._keys: dict[str, Any] = {}
        self.routes = (
            ("POST", r"/v1/orders", self._create),
            ("GET", r"/v1/orders", self._orders),
            ("GET", r"/v1/orders/(\w+)", self._order),
            ("GET", r"/v1/orders/(\w+)/payments", self._payments),
            ("POST", r"/v1/payments/pay_mock_(\w+)/refund", self._refund),
            ("GET", r"/v1/payments/pay_mock_(\w+)/refunds", self._refunds),
            ("GET", r"/v1/refunds/(\w+)", self._one_refund),
            ("GET", r"/v1/settlements/recon/combined", self._recon),
        )

    def answer(self, asked: Asked) -> Answer:
        basic = b64encode(f"{KEY_ID}:{KEY_SECRET}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {basic}":
            raise _wrong(401, "The api key provided is invalid")
        route = self.route(asked)
        if route is None:
            raise _wrong(400, "The requested URL was not found on the server")
        key = asked.headers.get("x-refund-idempotency", "")
        if key and self._keys.setdefault(key, asked.form) != asked.form:
            sentence = "Different request with the same idempotency key has already been processed."
            raise _wrong(400, sentence)
        return route()

    def _create(self, form: Answer) -> Answer:
        if form["amount"] < 1 or (form["currency"] == "KWD" and form["amount"] % 10):
            raise _wrong(400, "The amount is invalid.", reason="input_validation_failed")
        if form["currency"] not in ("INR", "USD", "JPY", "KWD"):
            raise _wrong(400, "Currency is not supported", reason="input_validation_failed")
        if len(form["receipt"]) > 40 or form["receipt"] != UUID(form["notes"]["intent_id"]).hex:
            raise _wrong(400, "The receipt is too long.", reason="input_validation_failed")
        order = Order(
            intent_id=UUID(form["notes"]["intent_id"]),
            amount_minor=form["amount"],
            currency=form["currency"],
            created_at=clock.now(),
        )
        seen = MockRazorpay().create(order, clock.now())
        self.made += 1
        return self._order({}, seen.ref)

    def _orders(self, form: Answer) -> Answer:
        found = MockPayment.objects.filter(provider="razorpay", intent_id=UUID(form["receipt"]))
        return _collection([order_entity(payment) for payment in found])

    def _order(self, _form: Answer, ref: str) -> Answer:
        return order_entity(_there(MockPayment, ref))

    def _payments(self, _form: Answer, ref: str) -> Answer:
        """A second payment of an order is never captured, and goes back by itself."""
        made = attempts_of(_there(MockPayment, ref))
        again = {"id": "pay_again", "status": "refunded", "captured": False}
        return _collection([made[0] | again, *made] if self.paid_twice else made)

    def _refund(self, form: Answer, intent: str) -> Answer:
        payment = MockPayment.objects.get(intent_id=UUID(intent))
        known = MockRefund.objects.filter(refund_id=UUID(form["notes"]["refund_id"])).exists()
        try:
            refund = make_refund(
                payment,
                ref=f"rfnd_mock_{UUID(form['notes']['refund_id']).hex}",
                refund_id=UUID(form["notes"]["refund_id"]),
                amount_minor=form["amount"],
                is_debited_at_once=False,
                now=clock.now(),
            )
        except GatewayRefused as refusal:
            raise _wrong(400, str(refusal)) from refusal
        self.made += not known
        return refund_entity(refund)

    def _refunds(self, _form: Answer, intent: str) -> Answer:
        payment = MockPayment.objects.get(intent_id=UUID(intent))
        made = payment.refunds.select_related("payment").order_by("-created_at")
        return _collection([refund_entity(refund) for refund in made])

    def _one_refund(self, _form: Answer, ref: str) -> Answer:
        return refund_entity(_there(MockRefund, ref))

    def _recon(self, form: dict[str, str]) -> Answer:
        """What was settled on a day of Indian time; here at the moment it happened."""
        midnight = f"{form['year']}-{form['month']}-{form['day']}T00:00:00+00:00"
        since = clock.EPOCH.fromisoformat(midnight) - INDIA
        lines = MockLine.objects.filter(
            provider="razorpay", at__gte=since, at__lt=since + timedelta(days=1)
        )
        skip = int(form.get("skip", 0))
        items = [item_of_line(line) for line in lines.order_by("-at", "line_ref")]
        return _collection(items[skip : skip + int(form.get("count", 10))])


def _collection(items: Sequence[Answer]) -> Answer:
    return {"entity": "collection", "count": len(items), "items": list(items)}


def _there(model: Any, ref: str) -> Any:
    found = model.objects.filter(pk=ref).first()
    if found is None:
        raise _wrong(400, "The id provided does not exist")
    return found


def _wrong(status: int, sentence: str, reason: str = "NA") -> Wrong:
    error = {
        "code": "BAD_REQUEST_ERROR",
        "description": sentence,
        "source": "business",
        "step": "NA",
        "reason": reason,
        "metadata": {},
    }
    return Wrong(status, {"error": error})
