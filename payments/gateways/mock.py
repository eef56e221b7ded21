"""A payment provider played by ourselves: the same books for every mock, each with the wire
format and signatures of the provider that it stands in for."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.db import IntegrityError
from django.urls import reverse

from pairly.core.db import run_atomic
from pairly.core.errors import Conflict
from pairly.core.ids import new_id
from payments.gateways.base import (
    DisputeState,
    GatewayRefused,
    Observation,
    Order,
    RefundOrder,
    RefundSeen,
    RefundState,
    SignedEvent,
    StatementLine,
)
from payments.gateways.mock_books import (
    close_dispute,
    let_refunds_fail,
    make_refund,
    move,
    open_dispute,
    settle_refund,
)
from payments.gateways.mock_statement import lines_between
from payments.gateways.models import MockDispute, MockLine, MockPayment, MockRefund
from payments.intents.states import Status

__all__ = ["OUTCOMES", "MockProvider", "Standing", "intent_of_page_token", "standing_of"]

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
    "refund",
    "refund_fails",
    "dispute",
    "dispute_won",
    "dispute_lost",
)
"""The last five happen to what was paid; see docs/payments.md."""

_page_signer = TimestampSigner(salt="pairly.payments.page")


def intent_of_page_token(token: str) -> UUID | None:
    """The intent that a payment page's address is about; None if we never gave it away."""
    try:
        return UUID(_page_signer.unsign(token, max_age=PAGE_TOKEN_SECONDS_MAX))
    except BadSignature:
        return None


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of a payment at the mock provider. ``left_minor`` is 0 as long as it is not
    paid; ``dispute`` is None where there is none."""

    returned_minor: int = 0
    left_minor: int = 0
    refunds_fail: bool = False
    dispute: DisputeState | None = None


def standing_of(intent_id: UUID) -> Standing:
    payment = MockPayment.objects.filter(intent_id=intent_id).first()
    if payment is None or payment.status != Status.SUCCEEDED:
        return Standing()
    dispute = MockDispute.objects.filter(payment=payment).first()
    return Standing(
        returned_minor=payment.returned_minor,
        left_minor=payment.amount_minor - payment.returned_minor,
        refunds_fail=payment.refunds_fail,
        dispute=None if dispute is None else DisputeState(dispute.state),
    )


class MockProvider(ABC):
    """Books and behaviour; a subclass adds the provider's words.

    A payment's status here is one of ours: created, requires_action, processing, canceled,
    succeeded. A declined attempt leaves it created, with a failure code.
    """

    name: str
    is_mock = True
    statement_delay_days = 0
    needed_settings: tuple[str, ...] = ()
    public_key: str | None = None
    tells: frozenset[Status]
    """What the provider has events for."""
    payment_prefix: str
    refund_prefix: str
    dispute_prefix: str
    debits_refunds_at_once: bool
    """Whether its statement tells of a refund while that is pending."""

    def create(self, order: Order, now: datetime) -> Observation:
        payment = MockPayment(
            ref=_ref(self.payment_prefix, order.intent_id),
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
            payment = move(payment.ref, Status.CANCELED, now)
        return self.observe(payment, now)

    def refund(self, order: RefundOrder, now: datetime) -> RefundSeen:
        payment = MockPayment.objects.filter(pk=order.payment_ref).first()
        if payment is None:
            raise GatewayRefused("resource_missing", "There is no such payment.")
        return self.refund_seen(
            make_refund(
                payment,
                ref=_ref(self.refund_prefix, order.refund_id),
                refund_id=order.refund_id,
                amount_minor=order.amount_minor,
                is_debited_at_once=self.debits_refunds_at_once,
                now=now,
            )
        )

    def fetch_refund(self, order: RefundOrder, now: datetime) -> RefundSeen | None:
        ref = order.ref or _ref(self.refund_prefix, order.refund_id)
        refund = MockRefund.objects.select_related("payment").filter(pk=ref).first()
        return None if refund is None else self.refund_seen(refund)

    def statement(self, since: datetime, until: datetime) -> Iterator[StatementLine]:
        return map(self.line_seen, lines_between(self.name, since, until))

    def payment_page(self, intent_id: UUID) -> str | None:
        token = _page_signer.sign(intent_id.hex)
        return f"{reverse('mock-pay', args=[intent_id])}?{urlencode({'token': token})}"

    def play(self, order: Order, outcome: str, now: datetime) -> list[SignedEvent]:
        payment = _find(order)
        if payment is None:
            raise Conflict("The provider knows nothing of this intent.")
        played: Callable[[MockPayment, datetime], list[SignedEvent]]
        played = getattr(self, f"_{outcome}")
        try:
            return played(payment, now)
        except GatewayRefused as refusal:
            raise Conflict(str(refusal)) from refusal

    def settle(self, now: datetime) -> list[SignedEvent]:
        due = MockPayment.objects.filter(provider=self.name, settles_at__lte=now)
        events: list[SignedEvent] = []
        for payment in list(due.order_by("settles_at")[:SETTLED_AT_ONCE_MAX]):
            events += self._succeed(payment, now)
        refunds = MockRefund.objects.filter(provider=self.name, due_at__lte=now)
        for ref in list(
            refunds.order_by("due_at").values_list("pk", flat=True)[:SETTLED_AT_ONCE_MAX]
        ):
            events += self._settle_refund(ref, now)
        return events

    # What may happen to a payment. Events name what they tell; the order is that of delivery.

    def _succeed(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        return [self.event(move(payment.ref, Status.SUCCEEDED, now), Status.SUCCEEDED, now)]

    def _decline(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        declined = move(payment.ref, Status.CREATED, now, failure_code=DECLINED)
        declined.failure_code = DECLINED
        return [self.event(declined, Status.FAILED, now)]

    def _require_action(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        waiting = move(payment.ref, Status.REQUIRES_ACTION, now)
        return self._told(waiting, Status.REQUIRES_ACTION, now)

    def _delay(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        settles_at = now + timedelta(seconds=settings.MOCK_PAYMENT_DELAY_SECONDS)
        processing = move(payment.ref, Status.PROCESSING, now, settles_at=settles_at)
        return [self.event(processing, Status.PROCESSING, now)]

    def _duplicate(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        """The same event twice, and its news once more under another id."""
        paid = move(payment.ref, Status.SUCCEEDED, now)
        first = self.event(paid, Status.SUCCEEDED, now)
        return [first, first, self.event(paid, Status.SUCCEEDED, now)]

    def _reorder(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        """The success overtakes what went before it."""
        paid = move(payment.ref, Status.SUCCEEDED, now)
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
        move(payment.ref, Status.SUCCEEDED, now)
        return []

    def _wrong_amount(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        """An event of a payment of too much; the real one still waits to be paid."""
        payment.amount_minor += WRONG_BY_MINOR
        return [self.event(payment, Status.SUCCEEDED, now)]

    def _refund(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        """Made in the provider's dashboard, of all that is left."""
        refund = make_refund(
            payment,
            ref=_ref(self.refund_prefix, new_id()),
            refund_id=None,
            amount_minor=max(1, payment.amount_minor - payment.returned_minor),
            is_debited_at_once=self.debits_refunds_at_once,
            now=now,
        )
        return self._settle_refund(refund.ref, now) if refund.due_at == now else []

    def _refund_fails(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        let_refunds_fail(payment.ref)
        return []

    def _dispute(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        ref = _ref(self.dispute_prefix, payment.intent_id)
        return [self.dispute_event(open_dispute(payment, ref, now), now)]

    def _dispute_won(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        ref = _ref(self.dispute_prefix, payment.intent_id)
        return [self.dispute_event(close_dispute(ref, DisputeState.WON, now), now)]

    def _dispute_lost(self, payment: MockPayment, now: datetime) -> list[SignedEvent]:
        ref = _ref(self.dispute_prefix, payment.intent_id)
        return [self.dispute_event(close_dispute(ref, DisputeState.LOST, now), now)]

    def _settle_refund(self, ref: str, now: datetime) -> list[SignedEvent]:
        refund = MockRefund.objects.get(pk=ref)
        was_pending = refund.state == RefundState.PENDING
        settled = settle_refund(ref, is_debited_at_once=self.debits_refunds_at_once, now=now)
        if settled is None:
            return []
        refund.payment = settled.payment
        made = self.refund_event(refund, is_new=True, at=refund.created_at)
        return [made, self.refund_event(settled, is_new=False, at=now)] if was_pending else [made]

    def _told(self, payment: MockPayment, status: Status, at: datetime) -> list[SignedEvent]:
        """The event, if this provider has one for it."""
        return [self.event(payment, status, at)] if status in self.tells else []

    # The provider's own words.

    @abstractmethod
    def observe(self, payment: MockPayment, now: datetime) -> Observation:
        """The payment as the provider's API would answer it, read as we read such answers."""

    @abstractmethod
    def event(self, payment: MockPayment, status: Status, at: datetime) -> SignedEvent:
        """A new event that the payment is, or at that time was, in that status."""

    @abstractmethod
    def refund_seen(self, refund: MockRefund) -> RefundSeen:
        """The refund as the provider's API would answer it, read as we read such answers."""

    @abstractmethod
    def refund_event(self, refund: MockRefund, *, is_new: bool, at: datetime) -> SignedEvent:
        """A new event that the refund was made, or that it moved to the state it is in."""

    @abstractmethod
    def dispute_event(self, dispute: MockDispute, at: datetime) -> SignedEvent:
        """A new event that the dispute moved to the state it is in."""

    @abstractmethod
    def line_seen(self, line: MockLine) -> StatementLine:
        """The line as the provider's API would answer it, read as we read such answers."""


def _ref(prefix: str, known: UUID) -> str:
    """The provider's id of what belongs to one of ours."""
    return f"{prefix}_mock_{known.hex}"


def _find(order: Order) -> MockPayment | None:
    return MockPayment.objects.filter(intent_id=order.intent_id).first()
