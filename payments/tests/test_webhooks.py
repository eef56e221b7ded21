"""The door where providers bring their events: who is let in, and how none gets lost."""

import json
import time
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from rest_framework.test import APIClient

from pairly.core import clock
from payments.models import Webhook
from payments.tests.buyers import Buyer, all_is_well, deliver, signed, stripe_event
from payments.tests.crashes import Killed
from payments.webhooks import processing
from payments.webhooks.processing import RETRY_AFTER_SECONDS, process_due

pytestmark = pytest.mark.mongodb


def states() -> list[tuple[str, int]]:
    return list(Webhook.objects.order_by("id").values_list("state", "attempts"))


def die(*_arguments: Any, **_values: Any) -> None:
    raise Killed


def retry_webhooks() -> str:
    out = StringIO()
    call_command("retry_webhooks", stdout=out)
    return out.getvalue().strip()


def test_an_event_that_is_not_signed_as_it_should_be_is_not_even_stored(settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["new-secret", "old-secret"]
    buyer = Buyer()
    intent = buyer.intent()
    event = stripe_event(intent)
    body = json.dumps(event).encode()
    now = int(time.time())
    right = signed(body)
    forged = {
        "of a stranger": signed(body, secret="guessed"),
        "missing": None,
        "empty": ",",
        "without a time": right.partition(",")[2],
        "without a signature": right.partition(",")[0],
        "with another time": f"t={now - 1},{right.partition(',')[2]}",
        "with two times": f"t={now - 900},{right}",
        "of another scheme": right.replace("v1=", "v0="),
        "old": signed(body, at_seconds=now - 301),
        "of the future": signed(body, at_seconds=now + 305),
        "with letters in its time": right.replace("t=", "t=x"),
        "not ASCII": f"t={now},v1=\xe9",
    }
    for what, signature in forged.items():
        answer = deliver(body, signature)
        assert (answer.status_code, answer.json()["code"]) == (400, "signature_invalid"), what
    assert deliver(body + b" ", right).status_code == 400
    assert not Webhook.objects.exists()
    assert (buyer.look(intent)["status"], buyer.bought) == ("created", 0)

    both = f"{signed(body, secret='gone')},{signed(body, secret='old-secret').partition(',')[2]}"
    assert deliver(body, both).status_code == 200
    assert buyer.bought == 50


def test_what_is_signed_but_is_no_event_is_refused() -> None:
    for body in (b"", b"[]", b"not json", b'{"id": "evt_1"}', b'{"id": "", "type": "x"}', b"\xff"):
        answer = deliver(body)
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_error"), body
    answer = APIClient().post("/api/v1/webhooks/paypal", {})
    assert answer.status_code == 404
    assert deliver(b" " * (256 * 1024 + 1)).status_code == 413
    assert not Webhook.objects.exists()


def test_an_event_of_an_unknown_type_is_kept_and_ignored() -> None:
    event = {"id": "evt_1", "type": "customer.created", "created": 1, "data": {"object": {}}}
    assert [deliver(event).status_code for _ in range(2)] == [200, 200]
    assert states() == [("ignored", 1)]


def test_a_crash_between_storing_and_processing_heals(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies right after the claim; the lease lapses and the clock takes over."""
    buyer = Buyer()
    intent = buyer.intent()

    with time_machine.travel(clock.now(), tick=False) as moment:
        with monkeypatch.context() as patch:
            patch.setattr(processing, "_handle", die)
            with pytest.raises(Killed):
                deliver(stripe_event(intent))
        assert states() == [("processing", 1)]
        assert process_due(clock.now()) == 0
        moment.shift(timedelta(seconds=60))
        assert process_due(clock.now()) == 1
    assert states() == [("done", 2)]
    assert buyer.bought == 50
    assert all_is_well()


def test_a_crash_after_the_effect_repeats_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    buyer = Buyer()
    intent = buyer.intent()

    with time_machine.travel(clock.now(), tick=False) as moment:
        with monkeypatch.context() as patch:
            patch.setattr(processing, "_finish", die)
            with pytest.raises(Killed):
                deliver(stripe_event(intent))
        assert buyer.bought == 50
        moment.shift(timedelta(seconds=60))
        assert process_due(clock.now()) == 1
    assert states() == [("done", 2)]
    assert buyer.bought == 50
    assert all_is_well()


def test_an_event_that_takes_its_process_along_each_time_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    buyer = Buyer()
    event = stripe_event(buyer.intent())
    with time_machine.travel(clock.now(), tick=False) as moment:
        with monkeypatch.context() as patch:
            patch.setattr(processing, "gateway_named", die)
            with pytest.raises(Killed):
                deliver(event)
            for attempt in range(2, 2 + len(RETRY_AFTER_SECONDS)):
                moment.shift(timedelta(seconds=60))
                with pytest.raises(Killed):
                    process_due(clock.now())
                assert states() == [("processing", attempt)]
            moment.shift(timedelta(seconds=60))
            assert process_due(clock.now()) == 1
            assert states() == [("dead", 9)]
        deliver(event)
    assert states() == [("done", 1)]
    assert buyer.bought == 50
    assert all_is_well()


def test_a_failing_event_is_tried_on_a_schedule_and_ends_as_a_dead_letter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    buyer = Buyer()
    event = stripe_event(buyer.intent())
    faults = iter(range(100))

    def fail(*_arguments: Any) -> None:
        raise RuntimeError(f"fault {next(faults)}")

    with time_machine.travel(clock.now(), tick=False) as moment:
        with monkeypatch.context() as patch:
            patch.setattr(processing, "_handle", fail)
            assert deliver(event).status_code == 200
            for attempt, seconds in enumerate(RETRY_AFTER_SECONDS, start=1):
                assert states() == [("failed", attempt)]
                moment.shift(timedelta(seconds=seconds - 1))
                assert process_due(clock.now()) == 0
                moment.shift(timedelta(seconds=1))
                assert process_due(clock.now()) == 1
            assert states() == [("dead", 8)]
            moment.shift(timedelta(days=1))
            assert process_due(clock.now()) == 0
        assert "fault 7" in Webhook.objects.get().last_error
        again = deliver(event, signed(json.dumps(event).encode()))
        assert again.json()["duplicate"] is True
    assert states() == [("done", 1)]
    assert buyer.bought == 50
    assert all_is_well()


def test_the_same_fault_three_times_is_a_dead_letter_at_once() -> None:
    buyer = Buyer()
    event = stripe_event(buyer.intent() | {"provider_ref": "pi_of_somebody_else"})
    with time_machine.travel(clock.now(), tick=False) as moment:
        assert deliver(event).status_code == 200
        assert states() == [("failed", 1)]
        for _ in range(2):
            moment.shift(timedelta(minutes=1))
            assert retry_webhooks() == "1 events were processed or tried again."
        assert retry_webhooks() == "0 events were processed or tried again."
        assert states() == [("dead", 3)]
    assert "UnknownIntent" in Webhook.objects.get().last_error
    assert buyer.bought == 0


@pytest.mark.parametrize(
    "broken",
    [
        {"amount": "5000"},
        {"amount": -1},
        {"amount": 10**13},
        {"amount_received": None},
        {"currency": 7},
        {"status": "requires_payment_method"},
        {"id": ""},
        {"id": None},
    ],
)
def test_a_success_of_another_shape_gives_nothing(broken: dict[str, Any]) -> None:
    buyer = Buyer()
    intent = buyer.intent()
    event = stripe_event(intent, **broken)
    assert deliver(event).status_code == 200
    (stored,) = Webhook.objects.all()
    assert stored.state == "failed" and "BadWebhook" in stored.last_error
    assert (buyer.look(intent)["status"], buyer.bought) == ("created", 0)
