"""Stripe's API as far as we use it: https://docs.stripe.com/api."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Lock
from typing import Any
from uuid import UUID

from pairly.core import clock
from payments.gateways.base import GatewayRefused, Order
from payments.gateways.mock_books import make_refund
from payments.gateways.mock_stripe import MockStripe
from payments.gateways.mock_stripe_objects import (
    payment_object,
    refund_object,
    transaction_object,
)
from payments.gateways.models import MockLine, MockPayment, MockRefund
from payments.intents.states import Status
from payments.tests.stand_ins.server import Answer, Asked, StandIn, Wrong

__all__ = ["StripeStandIn"]

SECRET_KEY = "sk_test_stand_in"
THREE_DECIMALS = ("bhd", "jod", "kwd", "omr", "tnd")
CLOSABLE = (Status.CREATED, Status.REQUIRES_ACTION)
MATCHING = {"gte": "__gte", "lte": "__lte", "gt": "__gt", "lt": "__lt"}


class StripeStandIn(StandIn):
    def __init__(self) -> None:
        super().__init__()
        self._keys: dict[str, tuple[str, int, Answer]] = {}
        self._lock = Lock()
        self.routes = (
            ("POST", r"/v1/payment_intents", self._create),
            ("GET", r"/v1/payment_intents", self._payments),
            ("GET", r"/v1/payment_intents/(\w+)", self._payment),
            ("POST", r"/v1/payment_intents/(\w+)/cancel", self._cancel),
            ("POST", r"/v1/refunds", self._refund),
            ("GET", r"/v1/refunds", self._refunds),
            ("GET", r"/v1/refunds/(\w+)", self._one_refund),
            ("GET", r"/v1/balance_transactions", self._transactions),
        )

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {SECRET_KEY}":
            raise _wrong(401, "invalid_request_error", "Invalid API Key provided: sk_t***oops")
        route = self.route(asked)
        if route is None:
            raise _wrong(404, "invalid_request_error", "Unrecognized request URL.")
        key = asked.headers.get("idempotency-key", "") if asked.method == "POST" else ""
        return self._once(key, asked, route)

    def _once(self, key: str, asked: Asked, do: Callable[[], Answer]) -> Answer:
        """What was answered under a key is answered again, refusals too, for a day or longer."""
        if not key:
            return do()
        request = f"{asked.path} {sorted(asked.form.items())}"
        with self._lock:
            if key not in self._keys:
                try:
                    status, body = 200, do()
                except Wrong as wrong:
                    status, body = wrong.status, wrong.body
                self._keys[key] = request, status, body
            known, status, body = self._keys[key]
        if known != request:
            sentence = "Keys can only be used with the same parameters."
            raise _wrong(400, "idempotency_error", sentence)
        if status != 200:
            raise Wrong(status, body)
        return body

    def _create(self, form: dict[str, str]) -> Answer:
        amount, currency = int(form["amount"]), form["currency"]
        if currency not in ("inr", "usd", "jpy", "kwd"):
            raise _wrong(400, "invalid_request_error", f"Invalid currency: {currency}")
        if amount < 1 or (currency in THREE_DECIMALS and amount % 10):
            code = "parameter_invalid_integer"
            raise _wrong(400, "invalid_request_error", "Invalid amount", code)
        order = Order(
            intent_id=UUID(form["metadata[intent_id]"]),
            amount_minor=amount,
            currency=currency.upper(),
            created_at=clock.now(),
        )
        seen = MockStripe().create(order, clock.now())
        self.made += 1
        return self._payment({}, seen.ref)

    def _payments(self, form: dict[str, str]) -> Answer:
        found = MockPayment.objects.filter(provider="stripe", **_created(form, "created_at"))
        objects = [_shown(payment) for payment in found.order_by("-created_at", "-ref")]
        return _page(objects, form, "/v1/payment_intents")

    def _payment(self, _form: dict[str, str], ref: str) -> Answer:
        return _shown(_there(MockPayment, ref))

    def _cancel(self, _form: dict[str, str], ref: str) -> Answer:
        payment = _there(MockPayment, ref)
        if payment.status not in CLOSABLE:
            sentence = f"You cannot cancel this PaymentIntent: it is {payment.status}."
            code = "payment_intent_unexpected_state"
            raise _wrong(400, "invalid_request_error", sentence, code)
        order = Order(
            intent_id=payment.intent_id,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            created_at=payment.created_at,
        )
        MockStripe().cancel(order, clock.now())
        return self._payment({}, ref)

    def _refund(self, form: dict[str, str]) -> Answer:
        payment = _there(MockPayment, form["payment_intent"])
        self.made += 1
        try:
            refund = make_refund(
                payment,
                ref=f"re_mock_{UUID(form['metadata[refund_id]']).hex}",
                refund_id=UUID(form["metadata[refund_id]"]),
                amount_minor=int(form["amount"]),
                is_debited_at_once=True,
                now=clock.now(),
            )
        except GatewayRefused as refusal:
            self.made -= 1
            raise _wrong(400, "invalid_request_error", str(refusal), refusal.code) from refusal
        return refund_object(refund)

    def _refunds(self, form: dict[str, str]) -> Answer:
        payment = _there(MockPayment, form["payment_intent"])
        made = payment.refunds.select_related("payment").order_by("-created_at", "-ref")
        return _page([refund_object(refund) for refund in made], form, "/v1/refunds")

    def _one_refund(self, _form: dict[str, str], ref: str) -> Answer:
        return refund_object(_there(MockRefund, ref))

    def _transactions(self, form: dict[str, str]) -> Answer:
        lines = MockLine.objects.filter(provider="stripe", **_created(form, "at"))
        objects = [transaction_object(line) for line in lines.order_by("-at", "-line_ref")]
        if form.get("expand[0]") != "data.source":
            objects = [one | {"source": one["source"]["id"]} for one in objects]
        return _page(objects, form, "/v1/balance_transactions")


def _shown(payment: MockPayment) -> Answer:
    return payment_object(payment, Status(payment.status))


def _there(model: Any, ref: str) -> Any:
    found = model.objects.filter(pk=ref).first()
    if found is None:
        raise _wrong(404, "invalid_request_error", f"No such object: '{ref}'", "resource_missing")
    return found


def _created(form: dict[str, str], field: str) -> dict[str, Any]:
    """A filter from ``created[gte]`` and its like; what is kept with milliseconds counts as the
    second it is in."""
    found: dict[str, Any] = {}
    for word, suffix in MATCHING.items():
        if f"created[{word}]" in form:
            moment = clock.from_milliseconds(int(form[f"created[{word}]"]) * 1000)
            late = timedelta(milliseconds=999) if word == "lte" else timedelta(0)
            found[f"{field}{suffix}"] = moment + late
    return found


def _page(objects: Sequence[Answer], form: dict[str, str], url: str) -> Answer:
    ids = [one["id"] for one in objects]
    start = ids.index(form["starting_after"]) + 1 if "starting_after" in form else 0
    end = start + int(form.get("limit", 10))
    shown = list(objects[start:end])
    return {"object": "list", "data": shown, "has_more": end < len(objects), "url": url}


def _wrong(status: int, kind: str, sentence: str, code: str | None = None) -> Wrong:
    error = {"type": kind, "message": sentence, **({"code": code} if code else {})}
    return Wrong(status, {"error": error})
