"""Purchases through the real gateways, as a buyer and an operator see them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from rest_framework.test import APIClient

from pairly.core import clock
from payments.gateways import registry
from payments.gateways.base import MockGateway
from payments.gateways.mock_razorpay import MockRazorpay
from payments.gateways.mock_stripe import MockStripe
from payments.intents.models import Intent
from payments.intents.selectors import history_of, order_of
from payments.packages.services import create_package
from payments.tasks import follow_up_intents
from payments.tests.buyers import Buyer, all_is_well, deliver, deliver_razorpay
from payments.tests.stand_ins.server import StandIn

pytestmark = pytest.mark.mongodb

REAL = {
    "stripe": "payments.gateways.stripe.Stripe",
    "razorpay": "payments.gateways.razorpay.Razorpay",
}
BOOKS: dict[str, MockGateway] = {"stripe": MockStripe(), "razorpay": MockRazorpay()}
PROVIDERS = pytest.mark.parametrize("provider", list(REAL))


@pytest.fixture(autouse=True)
def stand_ins(
    settings: Any, stripe_stand_in: StandIn, razorpay_stand_in: StandIn
) -> Iterator[dict[str, StandIn]]:
    settings.PAYMENT_GATEWAYS = REAL
    settings.STRIPE_PUBLISHABLE_KEY = "pk_test_stand_in"
    settings.PAYMENT_RETRIES_MAX = 0
    registry._made.cache_clear()
    yield {"stripe": stripe_stand_in, "razorpay": razorpay_stand_in}
    registry._made.cache_clear()


def happens(intent: dict[str, Any], outcome: str) -> None:
    """It happens at the provider, which tells it by its webhooks."""
    order = order_of(Intent.objects.get(pk=intent["id"]))
    for event in BOOKS[intent["provider"]].play(order, outcome, clock.now()):
        if intent["provider"] == "stripe":
            assert deliver(event.body).status_code == 200
        else:
            assert deliver_razorpay(event.body).status_code == 200


@PROVIDERS
def test_credits_are_bought(provider: str) -> None:
    buyer = Buyer()
    intent = buyer.intent(provider=provider)
    assert (intent["status"], intent["next_action"]) == ("created", None)
    assert intent["provider_ref"].startswith("pi_" if provider == "stripe" else "order_")
    assert bool(intent["client_secret"]) == (provider == "stripe")
    happens(intent, "decline")
    assert buyer.look(intent)["status"] == "failed"
    happens(intent, "succeed")
    happens(intent, "duplicate")
    assert (buyer.look(intent)["status"], buyer.bought) == ("succeeded", 50)

    other = buyer.intent(provider=provider)
    assert buyer.api.post(f"/api/v1/payments/intents/{other['id']}/cancel").status_code == 200
    assert buyer.look(other)["status"] == "canceled"
    assert all_is_well()


@PROVIDERS
def test_what_nobody_answers_or_tells_is_asked_for(
    provider: str, stand_ins: dict[str, StandIn]
) -> None:
    buyer, key = Buyer(), str(uuid4())
    with time_machine.travel(clock.now(), tick=False) as time:
        stand_ins[provider].trouble("lost", method="POST")
        intent = buyer.intent(provider=provider, key=key)
        assert (intent["status"], intent["provider_ref"]) == ("unknown", None)
        time.shift(timedelta(seconds=31))
        assert follow_up_intents() == 1
        found = buyer.look(intent)
        assert (found["status"], stand_ins[provider].made) == ("created", 1)
        assert bool(found["client_secret"]) == (provider == "stripe")

        happens(found, "lose")
        stand_ins[provider].trouble("500")
        time.shift(timedelta(seconds=31))
        assert follow_up_intents() == 1
        assert buyer.bought == 0
        time.shift(timedelta(seconds=31))
        assert follow_up_intents() == 1
    assert (buyer.look(intent)["status"], buyer.bought) == ("succeeded", 50)
    assert all_is_well()


@PROVIDERS
def test_what_nobody_pays_ends(provider: str) -> None:
    buyer = Buyer()
    with time_machine.travel(clock.now(), tick=False) as time:
        intent = buyer.intent(provider=provider)
        time.shift(timedelta(minutes=11))
        follow_up_intents()
    assert buyer.look(intent)["status"] == "expired"
    assert all_is_well()


@PROVIDERS
def test_an_order_that_the_provider_refuses_has_failed(provider: str, settings: Any) -> None:
    buyer, key = Buyer(), str(uuid4())
    settings.STRIPE_SECRET_KEY = settings.RAZORPAY_KEY_SECRET = "withdrawn"
    registry._made.cache_clear()
    refused = buyer.begin(provider=provider, key=key)
    assert (refused.status_code, refused.json()["code"]) == (409, "provider_refused")
    (row,) = Intent.objects.all()
    assert (row.status, bool(row.failure_code), row.provider_ref) == ("failed", True, "")
    assert [one.status for one in history_of(row.pk)] == ["failed"]
    # A refusal frees the key: the same wish later is a new intent.
    again = buyer.begin(provider=provider, key=key)
    assert (again.status_code, Intent.objects.count()) == (409, 2)
    assert all_is_well()


@PROVIDERS
def test_prices_of_no_and_of_three_decimals(provider: str) -> None:
    create_package(
        actor_id=None,
        code="abroad",
        credits=60,
        prices={"JPY": 150, "KWD": 1250},
        reason="Abroad",
        now=clock.now() - timedelta(seconds=1),
    )
    buyer = Buyer()
    for currency, amount in (("JPY", 150), ("KWD", 1250)):
        intent = buyer.intent(provider=provider, package="abroad", currency=currency)
        assert (intent["amount"], intent["currency"]) == (amount, currency)
        happens(intent, "succeed")
    assert buyer.bought == 120
    assert all_is_well()


def test_clients_are_told_the_public_keys() -> None:
    config = APIClient().get("/api/v1/config").json()
    assert config["payment_providers"] == [
        {"name": "stripe", "public_key": "pk_test_stand_in"},
        {"name": "razorpay", "public_key": "rzp_test_stand_in"},
    ]


def test_no_page_and_no_outcome_is_played_for_a_real_provider() -> None:
    buyer = Buyer()
    answer = buyer.play(buyer.intent(), "succeed")
    assert (answer.status_code, answer.json()["code"], buyer.bought) == (409, "conflict", 0)
