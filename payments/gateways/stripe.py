"""Stripe, through its official library.

What is made has an idempotency key that derives from our id, and Stripe forgets those after a day
or so; therefore a refund is looked for before it is made. What Stripe refuses is logged with
Stripe's code and request id, never with what was sent.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from math import ceil
from typing import Any, Final
from uuid import UUID

import stripe
from django.conf import settings

from pairly.core import clock
from payments.gateways.answers import NotThere, Patience, asked, first_again, understood
from payments.gateways.base import (
    GatewayRefused,
    GatewayUnreachable,
    Observation,
    Order,
    RefundOrder,
    RefundSeen,
    StatementLine,
)
from payments.gateways.reading import id_in
from payments.gateways.stripe_wire import (
    StripeEvents,
    line_of_transaction,
    observation_of_payment,
    refund_seen,
)
from payments.intents.states import Status

__all__ = ["Stripe"]

logger = logging.getLogger(__name__)

ROWS_PER_PAGE: Final = 100
SEARCHED_MAX: Final = 5000
CLOCKS_DIFFER_BY: Final = timedelta(minutes=5)
STATEMENT_SLICE: Final = timedelta(days=1)
"""Stripe lists the newest first, so a statement is read and turned round day by day."""
CONFLICT: Final = 409
FAULT: Final = 500
REFUSALS: Final = (
    stripe.CardError,
    stripe.InvalidRequestError,
    stripe.IdempotencyError,
    stripe.AuthenticationError,
    stripe.PermissionError,
)
stripe.enable_telemetry = False


class Stripe(StripeEvents):
    """A gateway; see ``base.Gateway``."""

    is_mock = False
    statement_delay_days = 0
    needed_settings: tuple[str, ...] = (
        "STRIPE_SECRET_KEY",
        "STRIPE_PUBLISHABLE_KEY",
        "STRIPE_WEBHOOK_SECRETS",
    )

    def __init__(self) -> None:
        self._patience = Patience()

    @property
    def public_key(self) -> str | None:
        key: str = settings.STRIPE_PUBLISHABLE_KEY
        return key

    @cached_property
    def _api(self) -> stripe.V1Services:
        client = stripe.StripeClient(
            settings.STRIPE_SECRET_KEY,
            base_addresses={"api": settings.STRIPE_API_BASE},
            # Its sessions belong to threads.
            http_client=stripe.RequestsClient(timeout=settings.PAYMENT_TIMEOUT_SECONDS),
            max_network_retries=settings.PAYMENT_RETRIES_MAX,
        )
        return client.v1

    def create(self, order: Order, now: datetime) -> Observation:
        with self._told("create a payment"):
            payment = self._api.payment_intents.create(
                {
                    "amount": order.amount_minor,
                    "currency": order.currency.lower(),
                    "metadata": {"intent_id": str(order.intent_id)},
                    "automatic_payment_methods": {"enabled": True},
                },
                {"idempotency_key": f"intent-{order.intent_id}"},
            )
            return observation_of_payment(payment.to_dict(), now)

    def fetch(self, order: Order, now: datetime) -> Observation | None:
        return asked(lambda: self._fetch(order, now))

    def cancel(self, order: Order, now: datetime) -> Observation | None:
        return asked(lambda: self._cancel(order, now))

    def refund(self, order: RefundOrder, now: datetime) -> RefundSeen:
        known = self.fetch_refund(order, now)
        if known is not None:
            return first_again(known, order)
        with self._told("refund a payment"):
            refund = self._api.refunds.create(
                {
                    "payment_intent": order.payment_ref,
                    "amount": order.amount_minor,
                    "metadata": {
                        "refund_id": str(order.refund_id),
                        "intent_id": str(order.intent_id),
                    },
                },
                {"idempotency_key": f"refund-{order.refund_id}"},
            )
            return refund_seen(refund.to_dict(), _seconds(now))

    def fetch_refund(self, order: RefundOrder, now: datetime) -> RefundSeen | None:
        return asked(lambda: self._fetch_refund(order, now))

    def statement(self, since: datetime, until: datetime) -> Iterator[StatementLine]:
        while since < until:
            end = min(until, since + STATEMENT_SLICE)
            yield from self._statement(since, end)
            since = end

    def payment_page(self, intent_id: UUID) -> str | None:
        return None

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        with self._patience.asking(), _in_our_words(what):
            yield

    def _fetch(self, order: Order, now: datetime) -> Observation:
        with self._told("tell of a payment"):
            if order.ref:
                payment = self._api.payment_intents.retrieve(order.ref).to_dict()
            else:
                payment = self._payment_of(order)
            return observation_of_payment(payment, now)

    def _cancel(self, order: Order, now: datetime) -> Observation:
        seen = self._fetch(order, now)
        if seen.status in (Status.SUCCEEDED, Status.CANCELED, Status.PROCESSING):
            return seen
        try:
            with self._told("cancel a payment"):
                payment = self._api.payment_intents.cancel(seen.ref)
                return observation_of_payment(payment.to_dict(), now)
        except GatewayRefused:  # It has come too far meanwhile.
            return self._fetch(order, now)

    def _payment_of(self, order: Order) -> dict[str, Any]:
        """One whose answer never came: looked for among those of its time. Stripe's search would
        miss one that is a minute old."""
        lifetime = timedelta(minutes=settings.INTENT_LIFETIME_MINUTES)
        since = order.created_at - CLOCKS_DIFFER_BY
        until = order.created_at + lifetime + CLOCKS_DIFFER_BY
        made = self._api.payment_intents.list(
            {
                "created": {"gte": _seconds(since), "lte": _seconds(until)},
                "limit": ROWS_PER_PAGE,
            }
        )
        for searched, payment in enumerate(made.auto_paging_iter()):
            found = payment.to_dict()
            if id_in(found.get("metadata"), "intent_id") == order.intent_id:
                return found
            if searched > SEARCHED_MAX:
                raise GatewayUnreachable("there are too many payments to search")
        raise NotThere("resource_missing")

    def _fetch_refund(self, order: RefundOrder, now: datetime) -> RefundSeen:
        with self._told("tell of a refund"):
            if order.ref:
                return refund_seen(self._api.refunds.retrieve(order.ref).to_dict(), _seconds(now))
            made = self._api.refunds.list(
                {"payment_intent": order.payment_ref, "limit": ROWS_PER_PAGE}
            )
            for refund in made.auto_paging_iter():
                found = refund.to_dict()
                if id_in(found.get("metadata"), "refund_id") == order.refund_id:
                    return refund_seen(found, _seconds(now))
        raise NotThere("resource_missing")

    def _statement(self, since: datetime, until: datetime) -> list[StatementLine]:
        with self._told("give its statement"):
            transactions = self._api.balance_transactions.list(
                {
                    "created": {"gte": _seconds(since), "lt": _seconds(until)},
                    "limit": ROWS_PER_PAGE,
                    "expand": ["data.source"],
                }
            )
            told = [line_of_transaction(one.to_dict()) for one in transactions.auto_paging_iter()]
        return [line for line in reversed(told) if line is not None]


@contextmanager
def _in_our_words(what: str) -> Iterator[None]:
    """Errors of the library, and answers of another shape, in the words of ``base``."""
    try:
        with understood():
            yield
    except stripe.StripeError as error:
        code = error.code or type(error).__name__
        detail = (what, code, error.http_status, error.request_id)
        if not _is_refusal(error):
            logger.warning("Stripe did not %s: %s (status %s, request %s)", *detail)
            raise GatewayUnreachable(f"it did not {what}: {code}") from error
        if code == "resource_missing":
            raise NotThere(code, error.user_message or "") from error
        logger.error("Stripe refused to %s: %s (status %s, request %s)", *detail)
        raise GatewayRefused(code, error.user_message or "") from error


def _is_refusal(error: stripe.StripeError) -> bool:
    """Whether Stripe surely has not done it. A key that is still in use (409) says nothing."""
    status = error.http_status or 0
    return isinstance(error, REFUSALS) and status != CONFLICT and status < FAULT


def _seconds(moment: datetime) -> int:
    """The first whole second that is not before."""
    return ceil(clock.to_milliseconds(moment) / 1000)
