"""Stripe and Razorpay on bad days, met by their own libraries over real HTTP."""

import logging
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import stripe

from pairly.core import clock
from payments.gateways import razorpay, razorpay_session
from payments.gateways.base import (
    Gateway,
    GatewayRefused,
    GatewayUnreachable,
    Order,
    RefundOrder,
)
from payments.gateways.mock_books import move
from payments.gateways.models import MockLine, MockPayment, MockRefund
from payments.gateways.razorpay import Razorpay
from payments.gateways.stripe import Stripe
from payments.intents.states import Status
from payments.tests.stand_ins.server import HANG_SECONDS_MAX, StandIn

pytestmark = pytest.mark.mongodb

MONOTONIC = "payments.gateways.answers.monotonic"
SILENCES = ["500", "429", "409", "garbage", "other", "403", "reset", "lost"]


class Far:
    """A real gateway, and the stand-in that its settings name."""

    def __init__(self, gateway: Gateway, stand_in: StandIn) -> None:
        self.gateway, self.stand_in = gateway, stand_in

    def paid(self, **changes: Any) -> Order:
        order = new_order(**changes)
        ref = self.gateway.create(order, clock.now()).ref
        move(ref, Status.SUCCEEDED, clock.now())
        return new_order(**{**changes, "intent_id": order.intent_id, "ref": ref})


def new_order(**changes: Any) -> Order:
    values = {"amount_minor": 5000, "currency": "INR", "created_at": clock.now()}
    return Order(**{"intent_id": uuid4(), **values, **changes})


def refund_of(order: Order, **changes: Any) -> RefundOrder:
    values = {"refund_id": uuid4(), "amount_minor": order.amount_minor, **changes}
    return RefundOrder(
        intent_id=order.intent_id, payment_ref=order.ref, currency=order.currency, **values
    )


@pytest.fixture(autouse=True)
def quick(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long before asking again; and here nobody asks again unless a test says so."""
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.001)
    monkeypatch.setattr(razorpay_session, "RETRY_PAUSE_SECONDS", 0.001)
    settings.PAYMENT_RETRIES_MAX = 0
    settings.PAYMENT_SILENCES_MAX = 1000


@pytest.fixture(params=["stripe", "razorpay"])
def far(request: pytest.FixtureRequest, quick: None) -> Far:
    stand_in = request.getfixturevalue(f"{request.param}_stand_in")
    return Far(Stripe() if request.param == "stripe" else Razorpay(), stand_in)


def test_what_was_not_answered_is_unknown_and_is_found_or_made_once(far: Far) -> None:
    for number, trouble in enumerate(SILENCES):
        order, now = new_order(), clock.now()
        far.stand_in.trouble(trouble, method="POST")
        with pytest.raises(GatewayUnreachable):
            far.gateway.create(order, now)
        found = far.gateway.fetch(order, now)
        assert (found is not None) == (trouble == "lost"), trouble
        again = far.gateway.create(order, now)
        assert again.intent_id == order.intent_id and again.status == Status.CREATED
        assert far.stand_in.made == MockPayment.objects.count() == number + 1, trouble

        far.stand_in.trouble(trouble)
        with pytest.raises(GatewayUnreachable):
            far.gateway.fetch(new_order(intent_id=order.intent_id, ref=again.ref), now)


def test_a_refund_that_was_not_answered_is_made_once(far: Far) -> None:
    order, now = far.paid(), clock.now()
    far.stand_in.made = 0
    for number, trouble in enumerate(SILENCES):
        wish = refund_of(order, amount_minor=100 + number)
        far.stand_in.trouble(trouble, method="POST")
        with pytest.raises(GatewayUnreachable):
            far.gateway.refund(wish, now)
        found = far.gateway.fetch_refund(wish, now)
        assert (found is not None) == (trouble == "lost"), trouble
        assert far.gateway.refund(wish, now).refund_id == wish.refund_id
        assert far.stand_in.made == MockRefund.objects.count() == number + 1, trouble
        for ask in (far.gateway.fetch_refund, far.gateway.refund):
            far.stand_in.trouble(trouble)
            with pytest.raises(GatewayUnreachable):
                ask(wish, now)
        far.stand_in.trouble(trouble)
        with pytest.raises(GatewayUnreachable):
            list(far.gateway.statement(now - timedelta(hours=1), now))
        far.stand_in.trouble(trouble)
        with pytest.raises(GatewayUnreachable):
            far.gateway.cancel(order, now)


def test_an_order_that_was_paid_twice_is_refunded_where_it_was_captured(
    razorpay_stand_in: Any,
) -> None:
    razorpay_stand_in.paid_twice = True
    far = Far(Razorpay(), razorpay_stand_in)
    order, now = far.paid(), clock.now()
    refunds = [refund_of(order, amount_minor=amount) for amount in (2000, 3000)]
    for wish in refunds:
        assert far.gateway.refund(wish, now).refund_id == wish.refund_id
        assert far.gateway.fetch_refund(wish, now) is not None
    assert MockPayment.objects.get().returned_minor == 5000


def test_a_provider_that_hangs_is_not_waited_for(far: Far, settings: Any) -> None:
    settings.PAYMENT_TIMEOUT_SECONDS = 1  # and what is answered at once has that long
    order, now = new_order(), clock.now()
    far.stand_in.trouble("hang", method="POST")
    with pytest.raises(GatewayUnreachable):
        far.gateway.create(order, now)
    assert clock.now() - now < timedelta(seconds=HANG_SECONDS_MAX)
    assert far.gateway.fetch(order, now) is None
    far.stand_in.trouble("hang")
    with pytest.raises(GatewayUnreachable):
        far.gateway.fetch(order, now)


def test_a_silent_provider_is_spared_for_a_while(
    far: Far, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PAYMENT_SILENCES_MAX, settings.PAYMENT_PAUSE_SECONDS = 3, 10
    order = new_order()
    order = new_order(intent_id=order.intent_id, ref=far.gateway.create(order, clock.now()).ref)
    far.stand_in.trouble("500", "500")
    for _ in range(2):
        with pytest.raises(GatewayUnreachable):
            far.gateway.fetch(order, clock.now())
    assert far.gateway.fetch(order, clock.now()) is not None  # An answer, so the count is over.
    far.stand_in.trouble("500", "reset", "garbage", "500")
    for _ in range(3):
        with pytest.raises(GatewayUnreachable):
            far.gateway.fetch(order, clock.now())
    seconds, asked = time.monotonic(), len(far.stand_in.asked)
    monkeypatch.setattr(MONOTONIC, lambda: seconds + 9)
    for ask in (far.gateway.fetch, far.gateway.create, far.gateway.cancel):
        with pytest.raises(GatewayUnreachable):
            ask(order, clock.now())
    assert len(far.stand_in.asked) == asked
    monkeypatch.setattr(MONOTONIC, lambda: seconds + 11)
    with pytest.raises(GatewayUnreachable):  # Asked once, still silent, and so spared again.
        far.gateway.fetch(order, clock.now())
    with pytest.raises(GatewayUnreachable):
        far.gateway.fetch(order, clock.now())
    assert len(far.stand_in.asked) == asked + 1
    monkeypatch.setattr(MONOTONIC, lambda: seconds + 22)
    assert far.gateway.fetch(order, clock.now()) is not None


def test_what_can_be_repeated_is_repeated_at_once_and_not_for_ever(far: Far, settings: Any) -> None:
    settings.PAYMENT_RETRIES_MAX = 2
    order, now = new_order(), clock.now()
    far.stand_in.trouble("500", "reset", method="GET")
    assert far.gateway.fetch(order, now) is None
    far.stand_in.trouble("503", "503", "503", method="GET")
    with pytest.raises(GatewayUnreachable):
        far.gateway.fetch(order, now)
    paid = far.paid()
    far.stand_in.made = 0
    far.stand_in.trouble("lost", "500", method="POST")
    assert far.gateway.refund(refund_of(paid), now).amount_minor == 5000
    assert far.stand_in.made == MockRefund.objects.count() == 1


def test_an_order_is_not_made_twice_by_asking_again(far: Far, settings: Any) -> None:
    settings.PAYMENT_RETRIES_MAX = 2
    order, now = new_order(), clock.now()
    far.stand_in.trouble("lost", method="POST")
    try:
        far.gateway.create(order, now)
    except GatewayUnreachable:  # Razorpay has no key under which to repeat it.
        assert far.gateway.name == "razorpay"
    assert far.gateway.create(order, now).intent_id == order.intent_id
    assert far.stand_in.made == 1


def test_a_refusal_is_known_to_have_done_nothing(
    far: Far, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    now = clock.now()
    for wrong in ({"currency": "XXX"}, {"currency": "KWD", "amount_minor": 1001}):
        with pytest.raises(GatewayRefused) as refusal:
            far.gateway.create(new_order(**wrong), now)
        assert refusal.value.code
    unpaid = new_order()
    ref = far.gateway.create(unpaid, now).ref
    with pytest.raises(GatewayRefused):
        far.gateway.refund(refund_of(new_order(ref=ref)), now)
    order = far.paid()
    with pytest.raises(GatewayRefused):
        far.gateway.refund(refund_of(order, amount_minor=5001), now)
    assert far.gateway.fetch(new_order(ref=ref + "x"), now) is None
    assert far.gateway.cancel(new_order(ref=ref + "x"), now) is None
    assert MockPayment.objects.count() == 2 and not MockRefund.objects.exists()
    assert {record.levelno for record in caplog.records if record.name.startswith("payments")} == {
        logging.ERROR
    }


def test_wrong_keys_are_told_and_not_logged(
    far: Far, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    order = new_order()
    ref = far.gateway.create(order, clock.now()).ref
    settings.STRIPE_SECRET_KEY, settings.RAZORPAY_KEY_SECRET = "sk_test_secret_one", "secret_one"
    wrong = type(far.gateway)()
    with pytest.raises(GatewayRefused):
        wrong.create(new_order(), clock.now())
    # It may be there for all we know, so it does not count as missing.
    with pytest.raises(GatewayUnreachable):
        wrong.fetch(new_order(intent_id=order.intent_id, ref=ref), clock.now())
    # Nor does it say that a refund was not made when it was asked for before.
    with pytest.raises(GatewayUnreachable):
        wrong.refund(refund_of(new_order(ref=ref)), clock.now())
    assert "secret_one" not in caplog.text and "client_secret" not in caplog.text


def test_money_of_no_two_and_three_decimals_is_told_alike(far: Far) -> None:
    for currency, amount in (("JPY", 150), ("INR", 5099), ("KWD", 1990)):
        order = far.paid(currency=currency, amount_minor=amount)
        found = far.gateway.fetch(order, clock.now())
        assert found is not None
        assert (found.amount_minor, found.received_minor) == (amount, amount)
        assert found.currency == currency
        part = far.gateway.refund(refund_of(order, amount_minor=10), clock.now())
        assert (part.amount_minor, part.currency) == (10, currency)
    now = clock.now()
    lines = list(far.gateway.statement(now - timedelta(hours=1), now + timedelta(seconds=1)))
    assert {(line.currency, line.amount_minor) for line in lines} == {
        ("JPY", 150),
        ("JPY", -10),
        ("INR", 5099),
        ("INR", -10),
        ("KWD", 1990),
        ("KWD", -10),
    }


def test_what_stands_on_many_pages_is_read_whole(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(razorpay, "ITEMS_PER_PAGE", 100)
    now, since = clock.now(), clock.now() - timedelta(days=3)
    MockLine.objects.bulk_create(
        MockLine(
            line_ref=f"txn_{number}",
            provider=far.gateway.name,
            kind="payment",
            ref=f"ref_{number}",
            payment_ref=f"ref_{number}",
            intent_id=uuid4(),
            amount_minor=number + 100,
            fee_minor=1,
            currency="INR",
            at=(since + timedelta(minutes=10 * number)).replace(microsecond=0),
        )
        for number in range(250)
    )
    lines = list(far.gateway.statement(since - timedelta(seconds=1), now))
    assert [line.amount_minor for line in lines] == list(range(100, 350))
    middle = lines[120].at
    first = list(far.gateway.statement(since - timedelta(seconds=1), middle))
    assert first + list(far.gateway.statement(middle, now)) == lines


def test_an_order_lost_among_many_is_found(stripe_stand_in: StandIn) -> None:
    gateway, order = Stripe(), new_order()
    stripe_stand_in.trouble("lost", method="POST")
    with pytest.raises(GatewayUnreachable):
        gateway.create(order, clock.now())
    for _ in range(120):
        MockPayment.objects.create(
            ref=f"pi_{uuid4().hex}",
            provider="stripe",
            intent_id=uuid4(),
            amount_minor=1,
            currency="INR",
            status=Status.CREATED,
            created_at=clock.now(),
        )
    found = gateway.fetch(order, clock.now())
    assert found is not None and found.intent_id == order.intent_id
    lists = [asked for asked in stripe_stand_in.asked if asked.method == "GET"]
    assert len(lists) == 2 and "starting_after" in lists[1].form


def test_keys_derive_from_our_ids(stripe_stand_in: StandIn, razorpay_stand_in: StandIn) -> None:
    for gateway, stand_in in ((Stripe(), stripe_stand_in), (Razorpay(), razorpay_stand_in)):
        order = Far(gateway, stand_in).paid()
        wish = refund_of(order)
        gateway.refund(wish, clock.now())
        made, refund = (asked for asked in stand_in.asked if asked.method == "POST")
        key = refund.headers.get("idempotency-key") or refund.headers["x-refund-idempotency"]
        assert key == f"refund-{wish.refund_id}"
        if gateway.name == "stripe":
            assert made.headers["idempotency-key"] == f"intent-{order.intent_id}"
            assert made.form["automatic_payment_methods[enabled]"] == "true"
        else:
            assert made.form["receipt"] == order.intent_id.hex
            assert made.form["payment_capture"] is True
