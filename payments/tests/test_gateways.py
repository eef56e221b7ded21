"""What every gateway does alike, whoever stands behind it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from pairly.core import clock
from pairly.core.errors import Conflict
from payments.gateways.base import (
    DisputeSeen,
    DisputeState,
    Gateway,
    GatewayRefused,
    LineKind,
    MockGateway,
    Observation,
    Order,
    RefundOrder,
    RefundSeen,
    RefundState,
    StatementLine,
)
from payments.gateways.mock_razorpay import MockRazorpay
from payments.gateways.mock_statement import alter_line, double_line, lose_line
from payments.gateways.mock_stripe import MockStripe
from payments.gateways.models import MockDispute, MockLine, MockPayment, MockRefund
from payments.gateways.razorpay import Razorpay
from payments.gateways.stripe import Stripe
from payments.intents.states import Status
from payments.tests.buyers import at_once
from tests.explain import assert_uses_index

pytestmark = pytest.mark.mongodb

HOUR = timedelta(hours=1)


def new_order() -> Order:
    return Order(intent_id=uuid4(), amount_minor=5000, currency="INR", created_at=clock.now())


class World:
    """A gateway, and the books of the provider behind it."""

    def __init__(self, gateway: Gateway, provider: MockGateway) -> None:
        self.gateway, self.provider = gateway, provider

    def order(self, **changes: Any) -> Order:
        order = new_order()
        made = self.gateway.create(replace(order, **changes), clock.now())
        return replace(order, ref=made.ref, **changes)

    def paid(self, **changes: Any) -> Order:
        order = self.order(**changes)
        assert len(self.play(order, "succeed")) == 1
        return order

    def play(self, order: Order, outcome: str) -> list[Any]:
        """Let it happen; what the gateway reads of the events that come of it."""
        return self.read(self.provider.play(order, outcome, clock.now()))

    def settle(self) -> list[Any]:
        return self.read(self.provider.settle(clock.now()))

    def read(self, events: list[Any]) -> list[Any]:
        for event in events:
            self.gateway.check_webhook(event.body, event.headers, clock.now())
        return [self.gateway.read_webhook(event.body) for event in events]

    def refund(self, order: Order, amount_minor: int = 5000, refund_id: UUID | None = None) -> Any:
        wish = RefundOrder(
            refund_id=refund_id or uuid4(),
            intent_id=order.intent_id,
            payment_ref=order.ref,
            amount_minor=amount_minor,
            currency=order.currency,
        )
        return wish, self.gateway.refund(wish, clock.now())

    def lines(self) -> list[StatementLine]:
        now = clock.now()
        return list(self.gateway.statement(now - HOUR, now + HOUR))


@pytest.fixture(params=["mock_stripe", "mock_razorpay", "stripe", "razorpay"])
def world(request: pytest.FixtureRequest) -> World:
    provider = MockRazorpay() if "razorpay" in request.param else MockStripe()
    if request.param.startswith("mock"):
        return World(provider, provider)
    request.getfixturevalue(f"{request.param}_stand_in")
    return World(Stripe() if request.param == "stripe" else Razorpay(), provider)


def test_one_intent_is_one_payment(world: World) -> None:
    order = world.order()
    now = clock.now()
    again = world.gateway.create(order, now)
    assert (again.ref, again.status, again.amount_minor) == (order.ref, Status.CREATED, 5000)
    assert (again.currency, again.intent_id) == ("INR", order.intent_id)
    unheard = new_order()
    assert world.gateway.fetch(unheard, now) is None
    assert world.gateway.cancel(unheard, now) is None

    (paid,) = world.play(order, "succeed")
    assert isinstance(paid, Observation)
    assert (paid.status, paid.ref, paid.received_minor) == (Status.SUCCEEDED, order.ref, 5000)
    for ask in (world.gateway.fetch, world.gateway.cancel):
        found = ask(order, now)
        assert found is not None
        assert (found.status, found.received_minor) == (Status.SUCCEEDED, 5000)


def test_a_refund_is_made_once_and_told_of(world: World) -> None:
    order = world.paid()
    wish, seen = world.refund(order, 2000)
    assert isinstance(seen, RefundSeen)
    assert (seen.state, seen.amount_minor, seen.currency) == (RefundState.SUCCEEDED, 2000, "INR")
    assert (seen.refund_id, seen.intent_id) == (wish.refund_id, order.intent_id)
    assert seen.payment_ref == order.ref
    assert world.gateway.refund(wish, clock.now()).ref == seen.ref
    for asked in (wish, replace(wish, ref=seen.ref)):
        found = world.gateway.fetch_refund(asked, clock.now())
        assert found is not None and (found.ref, found.state) == (seen.ref, RefundState.SUCCEEDED)
    assert world.gateway.fetch_refund(replace(wish, refund_id=uuid4()), clock.now()) is None
    with pytest.raises(GatewayRefused):
        world.gateway.refund(replace(wish, amount_minor=2001), clock.now())

    (told,) = world.settle()
    assert (told.ref, told.refund_id, told.state) == (seen.ref, wish.refund_id, seen.state)
    assert world.settle() == []

    (rest,) = world.play(order, "refund")
    assert isinstance(rest, RefundSeen)
    assert (rest.refund_id, rest.payment_ref, rest.amount_minor) == (None, order.ref, 3000)
    with pytest.raises(GatewayRefused) as refusal:
        world.refund(order, 1)
    assert refusal.value.code
    with pytest.raises(Conflict):
        world.play(order, "refund")


def test_more_than_was_paid_is_never_given_back(world: World) -> None:
    unpaid = world.order()
    with pytest.raises(GatewayRefused):
        world.refund(unpaid, 1)
    with pytest.raises(GatewayRefused):
        world.refund(replace(unpaid, ref=unpaid.ref[:-1] + "x"), 1)
    order = world.paid()

    def ask(_number: int) -> int:
        try:
            return int(world.refund(order, 2000)[1].amount_minor)
        except GatewayRefused:
            return 0

    assert sum(at_once(4, ask)) == 4000
    with pytest.raises(GatewayRefused):
        world.refund(order, 1001)


def test_one_refund_asked_for_by_many_at_once_is_one(world: World) -> None:
    order, refund_id = world.paid(), uuid4()
    seen = at_once(4, lambda _number: world.refund(order, 5000, refund_id)[1].ref)
    assert len(set(seen)) == 1
    assert [line.kind for line in world.lines()] == [LineKind.PAYMENT, LineKind.REFUND]


def test_a_refund_may_take_its_time(world: World, settings: Any) -> None:
    settings.MOCK_REFUND_DELAY_SECONDS = 60
    order = world.paid()
    wish, seen = world.refund(order)
    assert (seen.state, world.settle()) == (RefundState.PENDING, [])
    later = clock.now() + timedelta(seconds=61)
    made, done = world.read(world.provider.settle(later))
    assert (made.state, done.state) == (RefundState.PENDING, RefundState.SUCCEEDED)
    assert made.refund_id == done.refund_id == wish.refund_id
    assert world.read(world.provider.settle(later)) == []
    found = world.gateway.fetch_refund(wish, later)
    assert found is not None and found.state == RefundState.SUCCEEDED


def test_a_refund_may_fail_later(world: World) -> None:
    order = world.paid()
    assert world.play(order, "refund_fails") == []
    wish, seen = world.refund(order)
    assert seen.state == RefundState.PENDING
    made, failed = world.settle()
    assert (made.state, failed.state) == (RefundState.PENDING, RefundState.FAILED)
    assert failed.failure_code
    found = world.gateway.fetch_refund(wish, clock.now())
    assert found is not None and found.state == RefundState.FAILED
    # What was kept can be refunded again, and the statement comes to what is kept.
    assert sum(line.amount_minor for line in world.lines()) == 5000
    assert world.refund(order)[1].state == RefundState.PENDING


def test_a_dispute_is_opened_and_decided(world: World) -> None:
    order = world.paid()
    with pytest.raises(Conflict):
        world.play(order, "dispute_won")
    (opened,) = world.play(order, "dispute")
    assert isinstance(opened, DisputeSeen)
    assert (opened.state, opened.payment_ref) == (DisputeState.OPENED, order.ref)
    assert (opened.amount_minor, opened.currency) == (5000, "INR")
    assert opened.reason
    with pytest.raises(Conflict):
        world.play(order, "dispute")
    with pytest.raises(GatewayRefused):
        world.refund(order)
    (won,) = world.play(order, "dispute_won")
    assert (won.ref, won.state, won.amount_minor) == (opened.ref, DisputeState.WON, 5000)
    with pytest.raises(Conflict):
        world.play(order, "dispute_lost")
    assert world.refund(order)[1].state == RefundState.SUCCEEDED

    other = world.paid()
    world.play(other, "dispute")
    (lost,) = world.play(other, "dispute_lost")
    assert lost.state == DisputeState.LOST
    with pytest.raises(GatewayRefused):
        world.refund(other)
    with pytest.raises(Conflict):
        world.play(world.order(), "dispute")


def test_the_statement_tells_what_moved(world: World) -> None:
    order = world.paid(amount_minor=10000)
    seen = world.refund(order, 4000)[1]
    (disputed,) = world.play(order, "dispute")
    world.play(order, "dispute_won")
    world.order()  # Nobody paid for this one.
    lines = world.lines()
    moved = {line.kind: line for line in lines}
    assert [(line.kind, line.ref, line.amount_minor) for line in moved.values()] == [
        (kind, ref, amount)
        for kind, (ref, amount) in {
            LineKind.PAYMENT: (order.ref, 10000),
            LineKind.REFUND: (seen.ref, -4000),
            LineKind.DISPUTE: (disputed.ref, -6000),
            LineKind.DISPUTE_WON: (disputed.ref, 6000),
        }.items()
    ]
    assert {line.payment_ref for line in lines} == {order.ref}
    assert {line.currency for line in lines} == {"INR"}
    assert moved[LineKind.PAYMENT].intent_id == moved[LineKind.REFUND].intent_id == order.intent_id
    assert moved[LineKind.PAYMENT].fee_minor > 0 == moved[LineKind.REFUND].fee_minor
    assert len({line.line_ref for line in lines}) == 4
    assert list(world.gateway.statement(clock.now() - 2 * HOUR, clock.now() - HOUR)) == []


def test_a_statement_can_be_made_wrong(world: World) -> None:
    orders = [world.paid() for _ in range(4)]
    lines = {line.ref: line for line in world.lines()}
    lost, doubled, altered, late = (lines[order.ref] for order in orders)
    lose_line(lost.line_ref)
    double_line(doubled.line_ref)
    alter_line(altered.line_ref, amount_minor=4999, currency="USD", fee_minor=1)
    alter_line(late.line_ref, at=late.at + timedelta(minutes=30))
    told = world.lines()
    assert lost.ref not in {line.ref for line in told}
    twice = [line for line in told if line.ref == doubled.ref]
    assert len({line.line_ref for line in twice}) == 2
    assert len({replace(line, line_ref="") for line in twice}) == 1
    (wrong,) = [line for line in told if line.ref == altered.ref]
    assert wrong == replace(altered, amount_minor=4999, currency="USD", fee_minor=1)
    assert told[-1] == replace(late, at=late.at + timedelta(minutes=30))


def test_the_mocks_books_are_read_by_index() -> None:
    now, world = clock.now(), World(MockStripe(), MockStripe())
    for number in range(60):
        order = world.paid()
        if number % 3 == 0:
            world.refund(order)
        elif number % 3 == 1:
            world.play(order, "dispute")
    last = MockPayment.objects.get(intent_id=order.intent_id)
    lines = MockLine.objects.filter(provider="stripe", at__gte=now - HOUR, at__lt=now + HOUR)
    for rows in (
        MockPayment.objects.filter(intent_id=order.intent_id),
        MockPayment.objects.filter(settles_at__lte=now).order_by("settles_at")[:10],
        MockRefund.objects.filter(due_at__lte=now - HOUR).order_by("due_at")[:10],
        MockDispute.objects.filter(payment=last),
        last.refunds.all(),
    ):
        assert_uses_index(rows)
    assert_uses_index(lines.order_by("at", "line_ref")[:10], documents_max=10)
