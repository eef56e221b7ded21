"""Razorpay's door: its own signature, its own shapes, and no time in what it signs."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from pairly.core import clock
from payments.models import Webhook
from payments.tasks import follow_up_intents
from payments.tests.buyers import (
    Buyer,
    all_is_well,
    at_once,
    deliver_razorpay,
    razorpay_event,
)

pytestmark = pytest.mark.mongodb


def test_a_captured_payment_is_one_purchase_however_often_it_is_told() -> None:
    buyer = Buyer()
    intent = buyer.intent(provider="razorpay")
    assert (intent["status"], intent["currency"], intent["client_secret"]) == (
        "created",
        "INR",
        None,
    )
    assert intent["provider_ref"].startswith("order_")
    event = razorpay_event(intent)
    answers = [deliver_razorpay(event, event_id="evt_1") for _ in range(3)]
    assert [answer.json()["duplicate"] for answer in answers] == [False, True, True]
    at_once(6, lambda _number: deliver_razorpay(event))
    assert deliver_razorpay(razorpay_event(intent, "failed")).status_code == 200
    assert (buyer.look(intent)["status"], buyer.bought) == ("succeeded", 50)
    assert all_is_well()


def test_a_late_authorisation_after_a_failure_is_honoured() -> None:
    buyer = Buyer()
    intent = buyer.intent(provider="razorpay")
    deliver_razorpay(razorpay_event(intent, "failed", error_code="BAD_REQUEST_ERROR"))
    declined = buyer.look(intent)
    assert (declined["status"], declined["failure_code"]) == ("failed", "bad_request_error")
    deliver_razorpay(razorpay_event(intent, "authorized"))
    assert buyer.look(intent)["status"] == "failed"
    deliver_razorpay(razorpay_event(intent))
    assert (buyer.look(intent)["status"], buyer.bought) == ("succeeded", 50)
    assert all_is_well()


def test_what_is_not_signed_as_it_should_be_is_not_even_stored(settings: Any) -> None:
    settings.RAZORPAY_WEBHOOK_SECRETS = ["new-secret", "old-secret"]
    buyer = Buyer()
    event = razorpay_event(buyer.intent(provider="razorpay"))
    for answer in (
        deliver_razorpay(event, secret="guessed"),
        APIClient().post("/api/v1/webhooks/razorpay", event),
        APIClient().post(
            "/api/v1/webhooks/razorpay", event, headers={"X-Razorpay-Signature": "\xe9"}
        ),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "signature_invalid")
    for body in (b"[]", b"not json", b'{"event": 1}'):
        assert deliver_razorpay(body).json()["code"] == "validation_error"
    assert deliver_razorpay(event, event_id="").json()["code"] == "validation_error"
    assert not Webhook.objects.exists()
    assert buyer.bought == 0
    assert deliver_razorpay(event, secret="old-secret").status_code == 200
    assert buyer.bought == 50


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"amount": 4900}, "done"),
        ({"currency": "USD"}, "done"),
        ({"status": "authorized"}, "failed"),
        ({"amount": "5000"}, "failed"),
        ({"order_id": None}, "failed"),
        ({"order_id": "order_of_somebody_else"}, "failed"),
    ],
)
def test_what_does_not_fit_gives_nothing(changes: dict[str, Any], state: str) -> None:
    buyer = Buyer()
    intent = buyer.intent(provider="razorpay")
    assert deliver_razorpay(razorpay_event(intent, **changes)).status_code == 200
    assert [hook.state for hook in Webhook.objects.all()] == [state]
    assert (buyer.look(intent)["status"], buyer.bought) == ("created", 0)
    deliver_razorpay(razorpay_event(intent))
    assert buyer.bought == 50
    assert all_is_well()


def test_a_second_payment_of_an_order_that_goes_back_by_itself_is_no_refund() -> None:
    """Razorpay sends back at once what was paid once too often, and tells of it as of refunds;
    such a payment was never captured."""
    buyer = Buyer()
    intent = buyer.intent(provider="razorpay")
    deliver_razorpay(razorpay_event(intent))
    refund = {"id": "rfnd_1", "amount": 5000, "currency": "INR", "status": "processed", "notes": []}
    for kind in ("created", "processed"):
        event = razorpay_event(intent, "refunded", captured=False)
        event["payload"]["refund"] = {"entity": refund}
        assert deliver_razorpay(event | {"event": f"refund.{kind}"}).status_code == 200
    assert (buyer.look(intent)["status"], buyer.bought) == ("succeeded", 50)
    states = Webhook.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == ["done", "ignored", "ignored"]
    assert all_is_well()


def test_unknown_types_are_kept_and_ignored() -> None:
    event = {"event": "order.paid", "created_at": 1, "payload": {}}
    assert deliver_razorpay(event).status_code == 200
    assert [hook.state for hook in Webhook.objects.all()] == ["ignored"]


def test_lost_news_are_asked_for_and_orders_given_up_expire() -> None:
    buyer = Buyer()
    with time_machine.travel(clock.now(), tick=False) as time:
        lost, open_one, declined = (buyer.intent(provider="razorpay") for _ in range(3))
        buyer.play(lost, "lose")
        buyer.play(declined, "decline")
        canceled = buyer.intent(provider="razorpay")
        buyer.api.post(f"/api/v1/payments/intents/{canceled['id']}/cancel")
        time.shift(timedelta(minutes=1))
        assert follow_up_intents() == 3
        time.shift(timedelta(minutes=9))
        assert follow_up_intents() == 2
        time.shift(timedelta(hours=1))
        assert follow_up_intents() == 0
        states = [buyer.look(one)["status"] for one in (lost, open_one, declined, canceled)]
        assert states == ["succeeded", "expired", "failed", "canceled"]
        assert buyer.play(open_one, "succeed").status_code == 409
    assert buyer.bought == 50
    assert all_is_well()
