"""A payment provider played by ourselves: the same books for every mock, each with the wire
format and signatures of the provider that it stands in for."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.db import IntegrityError
from django.urls import reverse

from pairly.core.db import StaleRead, change_one, run_atomic
from pairly.core.errors import Conflict
from payments.gateways.base import Observation, Order, SignedEvent
from payments.gateways.models import MockPayment
from payments.intents.states import Status

__all__ = ["OUTCOMES", "MockProvider", "intent_of_page_token"]

PAGE_TOKEN_SECONDS_MAX = 24 * 3600
SETTLED_AT_ONCE_MAX = 100
DECLINED: Final = "card_declined"
WRONG_BY_MINOR = 100

OUTCOMES: Final = (
    "succeed",
    "decline",
    "require_action",
    "delay",
    "duplicate",
    "reorder",
    "lose",
    "wrong_amount",
)

_page_signer = TimestampSigner(salt="pairly.payments.page")


def intent_of_page_token(token: str) -> UUID | None:
    """The intent that a payment page's address is about; None if we never gave it away."""
    try:
        return UUID(_page_signer.unsign(token, max_age=PAGE_TOKEN_SECONDS_MAX))
    except BadSignature:
        return None


class MockProvider(ABC):
    """Books and behaviour; a subclass adds the provider's words.

    A payment's status here is one of ours: created, requires_action, processing, canceled,
    succeeded. A declined attempt leaves it created, with a failure code.
    """

    name: str
    is_mock = True
    tells: frozenset[Status]
    """What the provider has events for."""

    def create(self, order: Order, now: datetime) -> Observation:
        payment = MockPayment(
            ref=self.ref_of(order.intent_id),
            provider=self.name,
            intent_id=order.intent_id,
            amount_minor=order.amount_minor,
            currency=order.currency,
            status=Status.CREATED,
            created_at=now,
        )
        try:
            run_atomic(lambda: payment.save(force_insert=True))
        except IntegrityError:
            payment = MockPayment.objects.get(intent_id=order.intent_id)
        return self.observe(payment, now)

    def fetch(self, order: Order, now: datetime) -> Observation | None:
        payment = _find(order)
        return None if payment is None else self.observe(payment, now)

    def cancel(self, order: Order, now: datetime) -> Observation | None:
        payment = _find(order)
        if payment is None:
            return None
        if payment.status in (Status.CREATED, Status.REQUIRES_ACTION):
            payment = _move(payment.ref, Status.CANCELED)
        return self.observe(payment, now)

    def payment_page(self, intent_id: UUID) -> str | None:
        token = _page_signer.sign(intent_id.hex)
        return f"{reverse('mock-pay', args=[intent_id])}?{urlencode({'token': token})}"

    def play(self, order: Order, outcome: str, now: datetime) -> list[SignedEvent]:
        payment = _find(order)
        if payment is None:
            raise Conflict("The provider knows nothing of this intent.")
        played: Callable[[MockPayment, datetime], list[SignedEvent]]
        played = getattr(self, f"_{outcome}")
        return played(payment, now)

    def settle(self, now: datetime) -> list[SignedEvent]:
        due = MockPayment.objects.filter(provider=self.name, settles_at__lte=now)
        events: list[SignedEvent] = []
        for payment in list(due.order_by("settles_at")[:SETTLED_AT_ONCE_MAX]):
            events += self._succeed(payment, now)
        return events

    # What may happen to a payment. Events name what they tell; the order is that of delivery.

    def _succeed(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        return [self.event(_move(payment.ref, Status.SUCCEEDED), Status.SUCCEEDED, now)]

    def _decline(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        declined = _move(payment.ref, Status.CREATED, failure_code=DECLINED)
        declined.failure_code = DECLINED
        return [self.event(declined, Status.FAILED, now)]

    def _require_action(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        waiting = _move(payment.ref, Status.REQUIRES_ACTION)
        return self._told(waiting, Status.REQUIRES_ACTION, now)

    def _delay(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        settles_at = now + timedelta(seconds=settings.MOCK_PAYMENT_DELAY_SECONDS)
        processing = _move(payment.ref, Status.PROCESSING, settles_at=settles_at)
        return [self.event(processing, Status.PROCESSING, now)]

    def _duplicate(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        """The same event twice, and its news once more under another id."""
        paid = _move(payment.ref, Status.SUCCEEDED)
        first = self.event(paid, Status.SUCCEEDED, now)
        return [first, first, self.event(paid, Status.SUCCEEDED, now)]

    def _reorder(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        """The success overtakes what went before it."""
        paid = _move(payment.ref, Status.SUCCEEDED)
        late = (Status.PROCESSING, Status.FAILED, Status.REQUIRES_ACTION, Status.CREATED)
        return [
            self.event(paid, Status.SUCCEEDED, now),
            *(
                event
                for seconds, status in enumerate(late, start=2)
                for event in self._told(paid, status, now - timedelta(seconds=seconds))
            ),
        ]

    def _lose(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        """Paid, and nobody tells us: we have to ask."""
        _move(payment.ref, Status.SUCCEEDED)
        return []

    def _wrong_amount(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        """An event of a payment of too much; the real one still waits to be paid."""
        payment.amount_minor += WRONG_BY_MINOR
        return [self.event(payment, Status.SUCCEEDED, now)]

    def _told(self, payment: MockPayment, status: Status, at: datetime) -> list[SignedEvent]:
        """The event, if this provider has one for it."""
        return [self.event(payment, status, at)] if status in self.tells else []

    # The provider's own words.

    @abstractmethod
    def ref_of(self, intent_id: UUID) -> str:
        """The provider's id of the payment for an intent."""

    @abstractmethod
    def observe(self, payment: MockPayment, now: datetime) -> Observation:
        """The payment as the provider's API would answer it, read as we read such answers."""

    @abstractmethod
    def event(self, payment: MockPayment, status: Status, at: datetime) -> SignedEvent:
        """A new event that the payment is, or at that time was, in that status."""


def _find(order: Order) -> MockPayment | None:
    return MockPayment.objects.filter(intent_id=order.intent_id).first()


def _move(
    ref: str, to: Status, *, failure_code: str = "", settles_at: datetime | None = None
) -> MockPayment:
    """The payment after it moved, or as it is if it succeeded before: that is for ever.

    Raises ``Conflict`` if it was canceled.
    """

    def move() -> MockPayment:
        payment = MockPayment.objects.get(pk=ref)
        if payment.status == Status.SUCCEEDED:
            return payment
        if payment.status == Status.CANCELED:
            raise Conflict("The provider takes no money for this intent any more.")
        seen = MockPayment.objects.filter(pk=ref, status=payment.status)
        values = {"status": to, "failure_code": failure_code, "settles_at": settles_at}
        if not change_one(seen, **values):
            raise StaleRead("the mock payment moved meanwhile")
        payment.status, payment.failure_code, payment.settles_at = to, failure_code, settles_at
        return payment

    return run_atomic(move)
