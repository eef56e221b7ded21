"""Buying credits, told from outside: what a buyer asks for, and what the provider says."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from pairly.core import clock
from payments.intents.models import Intent, Observed
from payments.intents.selectors import history_of
from payments.models import Transfer
from payments.tasks import follow_up_intents
from payments.tests.buyers import Buyer, all_is_well, at_once, deliver, stripe_event
from payments.tests.desk import Desk, bought
from payments.tests.gateways import EAGER, MISCOUNTING, SILENT

pytestmark = pytest.mark.mongodb


def verdicts(intent: dict[str, Any]) -> list[tuple[str, str]]:
    """What the provider said of the payment itself, and what was made of it."""
    return [
        (one.status, one.verdict) for one in history_of(intent["id"]) if one.source != "request"
    ]


def test_what_is_sold_is_public() -> None:
    answer = APIClient().get("/api/v1/packages")
    assert answer.status_code == 200
    assert answer.json() == [
        {"code": "small", "credits": 50, "prices": {"INR": 5000, "USD": 99}},
        {"code": "medium", "credits": 120, "prices": {"INR": 10000, "USD": 199}},
        {"code": "large", "credits": 300, "prices": {"INR": 20000, "USD": 399}},
        {"code": "xlarge", "credits": 600, "prices": {"INR": 35000, "USD": 699}},
    ]


def test_a_purchase_told_thrice_gives_credits_once_with_receipt_and_news() -> None:
    buyer = Buyer()
    position = buyer.api.get("/api/v1/sync?since=0").json()["position"]
    intent = buyer.intent(package="medium", currency="USD")
    assert (intent["status"], intent["provider"], intent["package"]) == (
        "created",
        "stripe",
        "medium",
    )
    assert (intent["amount"], intent["currency"], intent["credits"]) == (199, "USD", 120)
    assert intent["client_secret"] and intent["receipt_id"] is None

    event = stripe_event(intent)
    assert [deliver(event).json()["duplicate"] for _ in range(3)] == [False, True, True]
    assert deliver(stripe_event(intent)).status_code == 200

    paid = buyer.look(intent)
    assert (paid["status"], paid["client_secret"], paid["next_action"]) == ("succeeded", None, None)
    assert buyer.bought == 120
    news = buyer.api.get(f"/api/v1/sync?since={position}").json()["events"]
    (told,) = [one["data"] for one in news if one["type"] == "wallet.updated"]
    assert told["available"] == buyer.available
    receipt = buyer.api.get(f"/api/v1/payments/receipts/{paid['receipt_id']}").json()
    assert (receipt["number"], receipt["amount"], receipt["currency"]) == (1, 199, "USD")
    rows = buyer.api.get("/api/v1/wallet/transactions").json()["results"]
    assert [(row["kind"], row["credits"], row["account"]) for row in rows] == [
        ("purchase", 120, "paid"),
        ("bonus", buyer.bonus, "bonus"),
    ]
    assert rows[0]["group"] == f"purchase:{intent['id']}"
    assert all_is_well()


def test_the_right_event_fifty_times_at_once_is_one_purchase() -> None:
    buyer = Buyer()
    intent = buyer.intent()
    event = stripe_event(intent)
    answers = at_once(50, lambda _number: deliver(event).status_code)
    assert answers == [200] * 50
    assert buyer.bought == 50
    assert Transfer.objects.filter(group=f"purchase:{intent['id']}").count() == 2
    assert all_is_well()


def test_many_different_events_at_once_that_say_the_same_are_one_purchase() -> None:
    buyer = Buyer()
    intent = buyer.intent()
    events = [stripe_event(intent) for _ in range(12)]
    assert at_once(12, lambda number: deliver(events[number]).status_code) == [200] * 12
    assert buyer.bought == 50
    assert sorted(verdicts(intent)) == [
        ("succeeded", "applied"),
        *[("succeeded", "ignored")] * 11,
    ]
    assert all_is_well()


def test_receipts_of_purchases_at_once_have_no_gaps() -> None:
    buyers = [Buyer() for _ in range(6)]
    events = [stripe_event(buyer.intent()) for buyer in buyers]
    at_once(6, lambda number: deliver(events[number]))
    assert [buyer.bought for buyer in buyers] == [50] * 6
    assert all_is_well()


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 4900, "amount_received": 4900},
        {"amount_received": 4900},
        {"amount": 5100, "amount_received": 5000},
        {"currency": "usd"},
    ],
)
def test_another_amount_is_set_aside_and_the_intent_stays_payable(wrong: dict[str, Any]) -> None:
    buyer = Buyer()
    intent = buyer.intent()
    assert deliver(stripe_event(intent, **wrong)).status_code == 200
    assert (buyer.look(intent)["status"], buyer.bought) == ("created", 0)
    (aside,) = Observed.objects.filter(verdict="set_aside")
    assert str(aside.intent_id) == intent["id"] and aside.reason
    deliver(stripe_event(intent))
    assert (buyer.look(intent)["status"], buyer.bought) == ("succeeded", 50)
    assert all_is_well()


def test_what_is_wrong_each_time_it_is_asked_is_noted_once(settings: Any) -> None:
    buyer = Buyer()
    with time_machine.travel(clock.now(), tick=False) as time:
        intent = buyer.intent()
        settings.PAYMENT_GATEWAYS = MISCOUNTING
        for _ in range(3):
            time.shift(timedelta(minutes=1))
            assert follow_up_intents() == 1
    assert verdicts(intent) == [("created", "set_aside")]


def test_a_late_failure_changes_nothing() -> None:
    buyer = Buyer()
    intent = buyer.intent()
    deliver(stripe_event(intent))
    for kind in ("payment_failed", "canceled", "processing", "created"):
        assert deliver(stripe_event(intent, kind)).status_code == 200
    assert (buyer.look(intent)["status"], buyer.bought) == ("succeeded", 50)
    assert verdicts(intent) == [
        ("succeeded", "applied"),
        ("failed", "ignored"),
        ("canceled", "ignored"),
        ("processing", "ignored"),
        ("created", "ignored"),
    ]
    assert all_is_well()


def test_a_declined_attempt_may_be_followed_by_a_better_one() -> None:
    buyer = Buyer()
    intent = buyer.intent()
    buyer.play(intent, "decline")
    declined = buyer.look(intent)
    assert (declined["status"], declined["failure_code"]) == ("failed", "card_declined")
    assert declined["next_action"]["url"] and buyer.bought == 0
    buyer.play(intent, "succeed")
    paid = buyer.look(intent)
    assert (paid["status"], paid["failure_code"], buyer.bought) == ("succeeded", None, 50)
    assert all_is_well()


def test_a_webhook_may_be_faster_than_the_providers_answer(settings: Any) -> None:
    settings.PAYMENT_GATEWAYS = EAGER
    buyer = Buyer()
    answer = buyer.begin()
    assert (answer.status_code, answer.json()["status"]) == (201, "succeeded")
    assert answer.json()["provider_ref"]
    assert buyer.bought == 50
    assert all_is_well()


def test_a_silent_provider_leaves_the_intent_unknown_until_it_is_asked(settings: Any) -> None:
    served = settings.PAYMENT_GATEWAYS
    settings.PAYMENT_GATEWAYS = SILENT
    buyer = Buyer()
    with time_machine.travel(clock.now(), tick=False) as time:
        intent = buyer.intent()
        assert (intent["status"], intent["provider_ref"]) == ("unknown", None)
        cancel = buyer.api.post(f"/api/v1/payments/intents/{intent['id']}/cancel")
        assert (cancel.status_code, cancel.json()["code"]) == (503, "provider_unreachable")
        time.shift(timedelta(minutes=1))
        assert follow_up_intents() == 1
        assert buyer.look(intent)["status"] == "unknown"
        settings.PAYMENT_GATEWAYS = served
        time.shift(timedelta(minutes=1))
        assert follow_up_intents() == 1
        found = buyer.look(intent)
        assert found["status"] == "created" and found["provider_ref"] and found["client_secret"]
    buyer.play(found, "succeed")
    assert buyer.bought == 50
    assert all_is_well()


def test_an_intent_expires_and_what_is_paid_all_the_same_is_honoured() -> None:
    buyer = Buyer()
    with time_machine.travel(clock.now(), tick=False) as time:
        intent = buyer.intent()
        time.shift(timedelta(minutes=9, seconds=59))
        follow_up_intents()
        assert buyer.look(intent)["status"] == "created"
        time.shift(timedelta(seconds=1))
        assert follow_up_intents() == 1
        assert follow_up_intents() == 0
        expired = buyer.look(intent)
        assert (expired["status"], expired["next_action"]) == ("expired", None)
        refused = buyer.play(intent, "succeed")
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
        deliver(stripe_event(intent))
        assert (buyer.look(intent)["status"], buyer.bought) == ("succeeded", 50)
    assert all_is_well()


def test_a_declined_intent_stays_so_when_its_time_is_over() -> None:
    buyer = Buyer()
    with time_machine.travel(clock.now(), tick=False) as time:
        intent = buyer.intent()
        buyer.play(intent, "decline")
        time.shift(timedelta(minutes=10))
        assert follow_up_intents() == 1
        assert buyer.look(intent)["status"] == "failed"
        time.shift(timedelta(hours=1))
        assert follow_up_intents() == 0
        assert buyer.play(intent, "succeed").status_code == 409


def test_news_that_got_lost_is_asked_for() -> None:
    buyer = Buyer()
    with time_machine.travel(clock.now(), tick=False) as time:
        intent = buyer.intent()
        assert buyer.play(intent, "lose").json()["events_sent"] == 0
        assert buyer.look(intent)["status"] == "created"
        time.shift(timedelta(seconds=30))
        assert at_once(3, lambda _number: follow_up_intents()).count(1) == 1
        assert (buyer.look(intent)["status"], buyer.bought) == ("succeeded", 50)
        time.shift(timedelta(hours=1))
        assert follow_up_intents() == 0
    assert all_is_well()


def test_an_intent_is_canceled_once_and_only_while_it_is_open() -> None:
    buyer = Buyer()
    intent = buyer.intent()
    address = f"/api/v1/payments/intents/{intent['id']}/cancel"
    assert Buyer().api.post(address).status_code == 404
    assert [buyer.api.post(address).json()["status"] for _ in range(2)] == ["canceled"] * 2
    assert buyer.play(intent, "succeed").status_code == 409
    paid = buyer.intent()
    buyer.play(paid, "lose")
    refused = buyer.api.post(f"/api/v1/payments/intents/{paid['id']}/cancel")
    assert refused.status_code == 409
    assert (buyer.look(paid)["status"], buyer.bought) == ("succeeded", 50)
    assert all_is_well()


def test_what_cannot_be_bought_is_refused(settings: Any) -> None:
    buyer = Buyer()
    for wrong in (
        {"package": "huge"},
        {"provider": "paypal"},
        {"currency": "EUR"},
        {"amount": 1},
        {"package": ""},
    ):
        answer = buyer.begin(**wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_error"), wrong
    settings.PURCHASE_NEEDS_VERIFIED_EMAIL = True
    answer = buyer.begin()
    assert (answer.status_code, answer.json()["code"]) == (403, "email_not_verified")
    assert not Intent.objects.exists()


def test_a_persons_own_data_tells_of_purchases() -> None:
    buyer = Buyer()
    intent = buyer.intent()
    deliver(stripe_event(intent))
    (told,) = buyer.api.get("/api/v1/me/export").json()["purchases"]
    assert (told["id"], told["status"], told["amount"]) == (intent["id"], "succeeded", 5000)


def test_intents_and_receipts_are_their_owners_alone() -> None:
    buyer, other = Buyer(), Buyer()
    intents = [buyer.intent() for _ in range(3)]
    listed = buyer.api.get("/api/v1/payments/intents?limit=2").json()
    assert [one["id"] for one in listed["results"]] == [intents[2]["id"], intents[1]["id"]]
    assert [one["id"] for one in buyer.api.get(listed["next"]).json()["results"]] == [
        intents[0]["id"]
    ]
    assert other.api.get("/api/v1/payments/intents").json()["results"] == []
    deliver(stripe_event(intents[0]))
    for address in (
        f"/api/v1/payments/intents/{intents[0]['id']}",
        f"/api/v1/payments/receipts/{intents[0]['id']}",
    ):
        assert buyer.api.get(address).status_code == 200
        assert other.api.get(address).status_code == 404
    assert other.play(intents[1], "succeed").status_code == 404
    assert buyer.api.get(f"/api/v1/payments/receipts/{intents[1]['id']}").status_code == 404


def test_a_provider_that_is_not_served_any_more_keeps_nobody_from_their_purchases(
    settings: Any,
) -> None:
    buyer, desk = Buyer(), Desk()
    paid, open_one = bought(buyer, provider="razorpay"), buyer.intent(provider="razorpay")
    both = settings.PAYMENT_GATEWAYS
    settings.PAYMENT_GATEWAYS = {"stripe": both["stripe"]}
    listed = buyer.api.get("/api/v1/payments/intents").json()["results"]
    assert [one["next_action"] for one in listed] == [None, None]
    canceled = buyer.api.post(f"/api/v1/payments/intents/{open_one['id']}/cancel")
    assert (canceled.status_code, canceled.json()["code"]) == (503, "provider_unreachable")
    assert desk.refunded(paid)["state"] == "unknown"
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        follow_up_intents()
        assert buyer.look(open_one)["status"] == "created"
    settings.PAYMENT_GATEWAYS = both
    with time_machine.travel(clock.now() + timedelta(hours=1)):
        follow_up_intents()
        states = [buyer.look(one)["status"] for one in (paid, open_one)]
    assert states == ["refunded", "expired"]
    assert all_is_well()
