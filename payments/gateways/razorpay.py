"""Razorpay, through its official library.

What we call a payment is Razorpay's order, which may be tried to be paid several times. Orders
have no idempotency key, so one is looked for by its receipt, our id, before it is made. An order
cannot be canceled: one that is given up is simply not paid any more.
"""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any, Final
from uuid import UUID

import razorpay
from django.conf import settings

from pairly.core import clock
from payments.gateways.answers import NotThere, Patience, asked, first_again, understood
from payments.gateways.base import (
    GatewayRefused,
    Observation,
    Order,
    RefundOrder,
    RefundSeen,
    StatementLine,
)
from payments.gateways.razorpay_session import IDEMPOTENCY_HEADER, RazorpaySession
from payments.gateways.razorpay_wire import (
    RazorpayEvents,
    line_of_item,
    observation_of_order,
    refund_seen,
)
from payments.gateways.reading import id_in, seconds_of
from payments.intents.states import Status

__all__ = ["Razorpay"]

ROWS_PER_PAGE: Final = 100
ITEMS_PER_PAGE: Final = 1000
INDIA: Final = timezone(timedelta(hours=5, minutes=30))
"""Settlements belong to days of Indian time."""

Entity = Mapping[str, Any]


class Razorpay(RazorpayEvents):
    """A gateway; see ``base.Gateway``."""

    is_mock = False
    statement_delay_days = 5
    needed_settings: tuple[str, ...] = (
        "RAZORPAY_KEY_ID",
        "RAZORPAY_KEY_SECRET",
        "RAZORPAY_WEBHOOK_SECRETS",
    )

    def __init__(self) -> None:
        self._patience = Patience()
        self._here = threading.local()

    @property
    def public_key(self) -> str | None:
        key: str = settings.RAZORPAY_KEY_ID
        return key

    @property
    def _api(self) -> Any:
        """The library's client; it and its session belong to a thread."""
        if not hasattr(self._here, "api"):
            self._here.api = razorpay.Client(
                session=RazorpaySession(self._patience),
                auth=(settings.RAZORPAY_KEY_ID, settings.RAZORPAY_KEY_SECRET),
                base_url=settings.RAZORPAY_API_BASE,
            )
        return self._here.api

    def create(self, order: Order, now: datetime) -> Observation:
        try:
            made = self._order_of(order)
        except NotThere:
            made = self._make(order)
        with understood():
            return observation_of_order(made, self._attempts(made), now)

    def fetch(self, order: Order, now: datetime) -> Observation | None:
        return asked(lambda: self._fetch(order, now))

    def cancel(self, order: Order, now: datetime) -> Observation | None:
        seen = self.fetch(order, now)
        if seen is None or seen.status in (Status.SUCCEEDED, Status.PROCESSING):
            return seen
        return replace(seen, status=Status.CANCELED, failure_code="")

    def refund(self, order: RefundOrder, now: datetime) -> RefundSeen:
        # That it refuses to tell says nothing of a refund that was asked for before.
        paid_by = asked(lambda: self._paid_by(order))
        if paid_by is None:
            raise GatewayRefused("order_not_paid", "The order has not been paid.")
        known = asked(lambda: self._refund_of(order, paid_by, now))
        if known is not None:
            return first_again(known, order)
        with understood():
            made = self._api.payment.refund(
                paid_by,
                {
                    "amount": order.amount_minor,
                    "receipt": order.refund_id.hex,
                    "notes": {
                        "refund_id": str(order.refund_id),
                        "intent_id": str(order.intent_id),
                    },
                },
                headers={IDEMPOTENCY_HEADER: f"refund-{order.refund_id}"},
            )
            return refund_seen(made, order.payment_ref, seconds_of(now))

    def fetch_refund(self, order: RefundOrder, now: datetime) -> RefundSeen | None:
        return asked(lambda: self._fetch_refund(order, now))

    def statement(self, since: datetime, until: datetime) -> Iterator[StatementLine]:
        """Settled are movements some days after they happened, so those days are read as well."""
        last = min(until + timedelta(days=self.statement_delay_days), clock.now())
        lines = [
            line
            for day in _days(since, last)
            for line in self._settled_on(day)
            if since <= line.at < until
        ]
        yield from sorted(lines, key=lambda line: line.at)

    def payment_page(self, intent_id: UUID) -> str | None:
        return None

    def _fetch(self, order: Order, now: datetime) -> Observation:
        with understood():
            found = self._api.order.fetch(order.ref) if order.ref else self._order_of(order)
            return observation_of_order(found, self._attempts(found), now)

    def _make(self, order: Order) -> Entity:
        made: Entity = self._api.order.create(
            {
                "amount": order.amount_minor,
                "currency": order.currency,
                "receipt": order.intent_id.hex,
                "notes": {"intent_id": str(order.intent_id)},
                "payment_capture": True,
            }
        )
        return made

    def _order_of(self, order: Order) -> Entity:
        """One whose answer may never have come. Raises ``NotThere``."""
        with understood():
            wanted = {"receipt": order.intent_id.hex, "count": ROWS_PER_PAGE}
            for found in self._api.order.all(wanted)["items"]:
                if id_in(found.get("notes"), "intent_id") == order.intent_id:
                    return dict(found)
        raise NotThere("no_such_order")

    def _attempts(self, order: Entity) -> list[Entity]:
        """The payments that were tried for it, newest first; asked for only where it matters."""
        if order["status"] != "attempted":
            return []
        items: list[Entity] = self._api.order.payments(order["id"])["items"]
        return sorted(items, key=lambda attempt: attempt["created_at"], reverse=True)

    def _paid_by(self, order: RefundOrder) -> str:
        """The payment that paid the order, refunded by now or not; one that came on top of it was
        never captured. Raises ``NotThere`` if none did."""
        with understood():
            for payment in self._api.order.payments(order.payment_ref)["items"]:
                if payment["captured"]:
                    return str(payment["id"])
        raise NotThere("order_not_paid")

    def _fetch_refund(self, order: RefundOrder, now: datetime) -> RefundSeen:
        with understood():
            if order.ref:
                found = self._api.refund.fetch(order.ref)
                return refund_seen(found, order.payment_ref, seconds_of(now))
        return self._refund_of(order, self._paid_by(order), now)

    def _refund_of(self, order: RefundOrder, paid_by: str, now: datetime) -> RefundSeen:
        """One whose answer may never have come. Raises ``NotThere``."""
        with understood():
            wanted = {"count": ROWS_PER_PAGE}
            for found in self._api.payment.fetch_multiple_refund(paid_by, wanted)["items"]:
                if id_in(found.get("notes"), "refund_id") == order.refund_id:
                    return refund_seen(found, order.payment_ref, seconds_of(now))
        raise NotThere("no_such_refund")

    def _settled_on(self, day: date) -> Iterator[StatementLine]:
        with understood():
            wanted = {"year": day.year, "month": f"{day.month:02}", "day": f"{day.day:02}"}
            skip = 0
            while True:
                page = {"count": ITEMS_PER_PAGE, "skip": skip}
                items = self._api.settlement.report(wanted | page)["items"]
                yield from filter(None, map(line_of_item, items))
                if len(items) < ITEMS_PER_PAGE:
                    return
                skip += ITEMS_PER_PAGE


def _days(since: datetime, until: datetime) -> Iterator[date]:
    day, last = since.astimezone(INDIA).date(), until.astimezone(INDIA).date()
    while day <= last:
        yield day
        day += timedelta(days=1)
