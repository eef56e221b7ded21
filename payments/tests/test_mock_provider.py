"""What the mock provider can be asked to do, over REST and on its own page."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from rest_framework.test import APIClient

from pairly.core import clock
from pairly.outbox.dispatch import dispatch_all
from payments.gateways.mock import OUTCOMES
from payments.intents.selectors import history_of
from payments.simulator.services import deliver_settled
from payments.tests.buyers import Buyer, all_is_well

pytestmark = pytest.mark.mongodb


STRIPE = [
    ("succeed", 1, "succeeded", 50),
    ("decline", 1, "failed", 0),
    ("require_action", 1, "requires_action", 0),
    ("delay", 1, "processing", 0),
    ("duplicate", 3, "succeeded", 50),
    ("reorder", 5, "succeeded", 50),
    ("lose", 0, "created", 0),
    ("wrong_amount", 1, "created", 0),
]
# Razorpay asks for action on its own page, and says nothing of orders that were made.
RAZORPAY = [
    ("succeed", 1, "succeeded", 50),
    ("decline", 1, "failed", 0),
    ("require_action", 0, "created", 0),
    ("delay", 1, "processing", 0),
    ("duplicate", 3, "succeeded", 50),
    ("reorder", 3, "succeeded", 50),
    ("lose", 0, "created", 0),
    ("wrong_amount", 1, "created", 0),
]


@pytest.mark.parametrize(
    ("provider", "outcome", "events", "status", "credits"),
    [("stripe", *one) for one in STRIPE] + [("razorpay", *one) for one in RAZORPAY],
)
def test_every_outcome_can_be_had(
    provider: str, outcome: str, events: int, status: str, credits: int
) -> None:
    buyer = Buyer()
    intent = buyer.intent(provider=provider)
    answer = buyer.play(intent, outcome)
    assert (answer.status_code, answer.json()) == (
        200,
        {"outcome": outcome, "events_sent": events},
    )
    assert (buyer.look(intent)["status"], buyer.bought) == (status, credits)
    buyer.play(intent, "succeed")
    assert (buyer.look(intent)["status"], buyer.bought) == ("succeeded", 50)
    assert buyer.play(intent, "decline").status_code == 200
    assert (buyer.look(intent)["status"], buyer.bought) == ("succeeded", 50)
    assert all_is_well()


# What happens to a payment that was made; how many events tell of it.
AFTERWARDS = {
    "refund_fails": 0,
    "dispute": 1,
    "dispute_won": 1,
    "refund": 2,  # It is accepted, and then fails.
}


def test_the_tables_above_are_complete() -> None:
    before = {one[0] for one in STRIPE}
    assert before == {one[0] for one in RAZORPAY}
    assert before | {*AFTERWARDS, "dispute_lost"} == set(OUTCOMES)


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("provider", ["stripe", "razorpay"])
def test_what_was_paid_can_be_refunded_and_disputed(provider: str) -> None:
    buyer = Buyer()
    intent = buyer.intent(provider=provider)
    for outcome in ("refund", "dispute", "dispute_won", "dispute_lost"):
        assert buyer.play(intent, outcome).status_code == 409
    buyer.play(intent, "succeed")
    for outcome, events in AFTERWARDS.items():
        answer = buyer.play(intent, outcome)
        assert (answer.status_code, answer.json().get("events_sent")) == (200, events), outcome
    assert buyer.play(intent, "dispute_lost").status_code == 409

    other = buyer.intent(provider=provider)
    buyer.play(other, "succeed")
    for outcome in ("dispute", "dispute_lost"):
        assert buyer.play(other, outcome).json()["events_sent"] == 1


def test_a_delayed_payment_comes_through_later() -> None:
    buyer = Buyer()
    with time_machine.travel(clock.now(), tick=False) as time:
        intent = buyer.intent()
        buyer.play(intent, "delay")
        cancel = buyer.api.post(f"/api/v1/payments/intents/{intent['id']}/cancel")
        assert (cancel.status_code, buyer.look(intent)["status"]) == (409, "processing")
        time.shift(timedelta(seconds=4))
        assert deliver_settled(clock.now()) == 0
        time.shift(timedelta(seconds=1))
        assert deliver_settled(clock.now()) == 1
        assert deliver_settled(clock.now()) == 0
        dispatch_all()
    assert (buyer.look(intent)["status"], buyer.bought) == ("succeeded", 50)
    assert all_is_well()


def test_outcomes_that_do_not_exist_are_refused() -> None:
    buyer = Buyer()
    intent = buyer.intent()
    for outcome in ("chargeback", "explode", ""):
        answer = buyer.play(intent, outcome)
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
    stranger = APIClient().post(f"/api/v1/mock/payments/{intent['id']}", {"outcome": "succeed"})
    assert stranger.status_code == 401


def test_a_buyer_pays_on_the_providers_page(client: Client) -> None:
    buyer = Buyer()
    intent = buyer.intent(package="large")
    url = intent["next_action"]["url"]
    page = client.get(url)
    assert page.status_code == 200
    text = page.content.decode()
    assert "₹200.00" in text and "300 credits" in text
    assert "unsafe" not in page["Content-Security-Policy"] and "no-store" in page["Cache-Control"]

    declined = client.post(url, {"outcome": "decline"})
    assert declined.status_code == 302
    dispatch_all()
    assert "declined" in client.get(declined["Location"]).content.decode()
    paid = client.post(url, {"outcome": "succeed"})
    assert "http-equiv" in client.get(paid["Location"]).content.decode()
    dispatch_all()
    after = client.get(paid["Location"]).content.decode()
    assert "Paid." in after and 'value="succeed"' not in after and "http-equiv" not in after
    assert buyer.bought == 300
    assert all_is_well()


def test_what_happens_later_is_played_on_the_page_too(client: Client) -> None:
    buyer = Buyer()
    intent = buyer.intent()
    url = intent["next_action"]["url"]
    assert "Things that happen later" not in client.get(url).content.decode()
    buyer.play(intent, "succeed")
    offered = {"refund", "dispute", "refund_fails"}
    for outcome, then in (
        ("dispute", {"dispute_won", "dispute_lost"}),
        ("dispute_won", {"refund", "refund_fails"}),
        ("refund", set()),
    ):
        text = client.get(url).content.decode()
        assert {one for one in OUTCOMES if f'value="{one}"' in text} == offered
        answer = client.post(url, {"outcome": outcome})
        assert answer.status_code == 302
        offered = then
    after = client.get(url).content.decode()
    assert "₹50.00" in after and "A dispute was won" in after and "<form" not in after


def test_the_page_opens_for_its_own_address_alone(client: Client) -> None:
    buyer = Buyer()
    one, other = buyer.intent(), buyer.intent()
    address, _, query = one["next_action"]["url"].partition("?")
    wrong = other["next_action"]["url"].partition("?")[2]
    for url in (address, f"{address}?{wrong}", f"{address}?token=made-up"):
        assert client.get(url).status_code == 404
        assert client.post(url, {"outcome": "succeed"}).status_code == 404
    right = f"{address}?{query}"
    assert client.post(right, {"outcome": "explode"}).status_code == 404
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(right, {"outcome": "succeed"}).status_code == 403
    with time_machine.travel(clock.now() + timedelta(days=2)):
        assert client.get(right).status_code == 404
    assert not [one for one in history_of(one["id"]) if one.source == "webhook"]


def test_a_canceled_order_is_not_paid_on_the_page(client: Client) -> None:
    buyer = Buyer()
    intent = buyer.intent()
    url = intent["next_action"]["url"]
    buyer.api.post(f"/api/v1/payments/intents/{intent['id']}/cancel")
    answer: Any = client.post(url, {"outcome": "succeed"})
    assert "canceled" in client.get(answer["Location"]).content.decode()
    assert buyer.bought == 0
