"""Dead letters and what staff do about them; what is kept of events that are over."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError

from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.outbox.dispatch import dispatch_all
from pairly.staff.tests.people import staff_api, staff_browser
from payments.models import Webhook
from payments.tests.buyers import (
    Buyer,
    all_is_well,
    at_once,
    deliver,
    deliver_razorpay,
    razorpay_event,
    stripe_event,
)
from payments.webhooks import decisions, processing, services
from payments.webhooks.processing import process_due
from payments.webhooks.trimming import trim_bodies

pytestmark = pytest.mark.mongodb

STAFF = "/api/v1/staff/webhooks"
PAGE = "/admin/payments/webhook/"
WHY = {"reason": "The fault is mended"}
AT_ONCE = 6


@contextmanager
def faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Processing fails, always in the same words."""

    def fail(*_arguments: Any) -> None:
        raise RuntimeError("the table is missing")

    with monkeypatch.context() as patch:
        patch.setattr(processing, "_handle", fail)
        yield


def kill(monkeypatch: pytest.MonkeyPatch, *bring: Any) -> list[Webhook]:
    """Dead letters of what is brought: it fails three times."""
    with time_machine.travel(clock.now(), tick=False) as moment, faulty(monkeypatch):
        for one in bring:
            assert one().status_code == 200
        for _ in range(2):
            moment.shift(timedelta(minutes=1))
            process_due(clock.now())
    dead = list(Webhook.objects.filter(state="dead").order_by("id"))
    assert len(dead) == len(bring)
    return dead


def post(api: Any, address: str, body: dict[str, str] | None = None) -> Any:
    answer = api.post(f"{STAFF}/{address}", WHY if body is None else body)
    dispatch_all()
    return answer


def submit(browser: Any, address: str, **fields: str) -> Any:
    headers = {"HX-Request": "true"}
    answer = browser.post(
        f"{PAGE}{address}/", {"_form_submitted": "True", **fields}, headers=headers
    )
    dispatch_all()
    return answer


def test_a_dead_letter_replayed_after_the_fix_completes_its_purchase_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    buyer = Buyer()
    event = stripe_event(buyer.intent())
    (dead,) = kill(monkeypatch, lambda: deliver(event))
    api = staff_api("finance")
    with faulty(monkeypatch):
        assert post(api, f"{dead.pk}/replay").json()["state"] == "received"
    dead.refresh_from_db()
    assert (dead.state, dead.attempts, dead.replays) == ("failed", 1, 1)
    assert buyer.bought == 0

    answer = post(api, f"{dead.pk}/replay")
    assert (answer.status_code, answer.json()["replays"]) == (200, 2)
    dead.refresh_from_db()
    assert (dead.state, dead.last_error, buyer.bought) == ("done", "", 50)
    assert post(api, f"{dead.pk}/replay").json()["code"] == "conflict"
    assert deliver(event).json()["duplicate"] is True
    assert buyer.bought == 50
    assert all_is_well()
    entries = AuditEntry.objects.filter(action="webhook.replayed", target_id=str(dead.pk))
    assert list(entries.order_by("id").values_list("reason", "before")) == [
        (WHY["reason"], '{"replays":0,"state":"dead"}'),
        (WHY["reason"], '{"replays":1,"state":"failed"}'),
    ]


def test_staff_replay_an_event_so_often_and_no_more(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.WEBHOOK_REPLAYS_MAX = 2
    buyer = Buyer()
    event = stripe_event(buyer.intent())
    (dead,) = kill(monkeypatch, lambda: deliver(event))
    api = staff_api("finance")
    with faulty(monkeypatch):
        answers = [post(api, f"{dead.pk}/replay") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 409]
    assert "too often" in answers[2].json()["detail"]
    Webhook.objects.filter(pk=dead.pk).update(state="dead")
    assert post(api, "replay").json() == {"replayed": 0}
    assert deliver(event).status_code == 200  # the provider may, for ever
    assert buyer.bought == 50


def test_of_replays_at_once_one_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    buyer = Buyer()
    event = stripe_event(buyer.intent())
    (dead,) = kill(monkeypatch, lambda: deliver(event))
    api = staff_api("finance")

    def replay(_number: int) -> int:
        status: int = api.post(f"{STAFF}/{dead.pk}/replay", WHY).status_code
        return status

    assert sorted(at_once(AT_ONCE, replay)) == [200] + [409] * (AT_ONCE - 1)
    dispatch_all()
    dead.refresh_from_db()
    assert (dead.state, dead.replays, buyer.bought) == ("done", 1, 50)
    assert AuditEntry.objects.filter(action="webhook.replayed").count() == 1


def test_what_is_discarded_stays_so_until_staff_think_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    buyer = Buyer()
    event = stripe_event(buyer.intent())
    (dead,) = kill(monkeypatch, lambda: deliver(event))
    api = staff_api("finance")
    assert post(api, f"{dead.pk}/discard", {"reason": ""}).status_code == 400
    assert post(api, f"{dead.pk}/discard").json()["state"] == "discarded"
    assert post(api, f"{dead.pk}/discard").status_code == 409
    assert deliver(event).json()["duplicate"] is True
    assert process_due(clock.now() + timedelta(days=1)) == 0
    dead.refresh_from_db()
    assert (dead.state, buyer.bought) == ("discarded", 0)
    assert post(api, f"{dead.pk}/replay").status_code == 200
    assert buyer.bought == 50
    assert AuditEntry.objects.get(action="webhook.discarded").reason == WHY["reason"]


def test_dead_letters_are_replayed_together_oldest_first_and_so_many_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decisions, "REPLAYED_AT_ONCE_MAX", 2)
    buyer = Buyer()
    at_stripe = [stripe_event(buyer.intent()) for _ in range(3)]
    at_razorpay = razorpay_event(buyer.intent(provider="razorpay"))
    brought = [lambda event=event: deliver(event) for event in at_stripe]
    kill(monkeypatch, *brought, lambda: deliver_razorpay(at_razorpay))
    api = staff_api("finance")
    assert post(api, "replay", {"reason": "x", "provider": "paypal"}).status_code == 400
    assert post(api, "replay", {**WHY, "provider": "razorpay"}).json() == {"replayed": 1}
    assert buyer.bought == 50
    assert [post(api, "replay").json()["replayed"] for _ in range(3)] == [2, 1, 0]
    assert buyer.bought == 200
    assert all_is_well()
    assert AuditEntry.objects.filter(action="webhook.replayed").count() == 4


def test_who_may_decide_and_that_a_look_is_noted(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    event = stripe_event(Buyer().intent())
    (dead,) = kill(monkeypatch, lambda: deliver(event))
    viewer, api = staff_api("support"), staff_api("finance")
    for address in (f"{dead.pk}/replay", f"{dead.pk}/discard", "replay"):
        assert post(viewer, address).status_code == 403
    assert viewer.get(f"{STAFF}/{dead.pk}").json()["body"] == json.dumps(event)
    looked = AuditEntry.objects.get(action="webhook.viewed", target_id=str(dead.pk))
    assert looked.target_type == "webhook"
    assert staff_browser("finance").get(f"{PAGE}{dead.pk}/change/").status_code == 200
    assert AuditEntry.objects.filter(action="webhook.viewed").count() == 2
    missing = "0199b1d5-c2f6-7d0a-a1d6-a0f5b0f6f2f1"
    for what in ("replay", "discard"):
        assert post(api, f"{missing}/{what}").status_code == 404
    settings.STEP_UP_SECONDS = -1
    for address in (f"{dead.pk}/replay", f"{dead.pk}/discard", "replay"):
        assert post(api, address).json()["code"] == "second_factor_required"
    dead.refresh_from_db()
    assert (dead.state, dead.replays) == ("dead", 0)


def test_the_pages_offer_what_the_state_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    buyer = Buyer()
    event, other = stripe_event(buyer.intent()), stripe_event(buyer.intent())
    dead, second = kill(monkeypatch, lambda: deliver(event), lambda: deliver(other))
    boss, viewer = staff_browser("finance"), staff_browser("support")
    page = f"{PAGE}{dead.pk}"

    def offered(browser: Any) -> list[str]:
        shown = browser.get(f"{page}/change/").content.decode()
        return [what for what in ("replay", "discard") if f"{page}/{what}" in shown]

    assert (offered(boss), offered(viewer)) == (["replay", "discard"], [])
    assert submit(viewer, f"{dead.pk}/replay", reason="I").status_code == 403
    assert "HX-Redirect" not in submit(boss, f"{dead.pk}/replay")
    assert "HX-Redirect" in submit(boss, f"{dead.pk}/discard", reason="Was a test")
    assert offered(boss) == ["replay"]
    assert "HX-Redirect" in submit(boss, f"{dead.pk}/replay", reason="Was none")
    assert (offered(boss), buyer.bought) == ([], 50)
    assert "HX-Redirect" in submit(boss, "replay_dead", provider="", reason="All")
    second.refresh_from_db()
    assert (second.state, buyer.bought) == ("done", 100)
    assert "1 events are processed again." in boss.get("/admin/").content.decode()


def test_what_is_over_loses_its_body_and_keeps_its_id(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.WEBHOOK_BODY_KEEP_DAYS = 30
    buyer = Buyer()
    done, failing = stripe_event(buyer.intent()), stripe_event(buyer.intent())
    odd = {"id": "evt_odd", "type": "customer.created", "created": 1, "data": {}}
    with time_machine.travel(clock.now(), tick=False) as moment:
        (dead,) = kill(monkeypatch, lambda: deliver(failing))
        for event in (done, odd):
            deliver(event)
        moment.shift(timedelta(days=29))
        assert trim_bodies(clock.now()) == 0
        moment.shift(timedelta(days=1, minutes=1))
        assert [trim_bodies(clock.now()) for _ in range(2)] == [2, 0]
        kept = dict(Webhook.objects.values_list("event_id", "body"))
        assert kept == {done["id"]: "", "evt_odd": "", failing["id"]: json.dumps(failing)}
        assert deliver(done).json()["duplicate"] is True
        boss = staff_browser("finance")
        shown = boss.get(f"{PAGE}{Webhook.objects.get(event_id='evt_odd').pk}/change/")
        assert "Not kept any more" in shown.content.decode()
        api = staff_api("finance")
        assert post(api, f"{Webhook.objects.get(event_id='evt_odd').pk}/replay").status_code == 409
        assert post(api, f"{dead.pk}/replay").status_code == 200
    assert buyer.bought == 100


def test_without_a_database_the_provider_is_asked_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    buyer = Buyer()
    event = stripe_event(buyer.intent())

    def fail(*_arguments: Any) -> None:
        raise OperationalError("secret host name")

    with monkeypatch.context() as patch:
        patch.setattr(services, "run_atomic", fail)
        answer = deliver(event)
    assert (answer.status_code, answer.json()["code"]) == (503, "try_again")
    assert "secret" not in answer.content.decode() and answer["Retry-After"]
    assert not Webhook.objects.exists()
    assert deliver(event).json()["duplicate"] is False
    assert buyer.bought == 50
