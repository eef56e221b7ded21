"""The rules of monitoring, each at its edge: raised, kept open, cleared by itself."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.db import connections

from messaging.tests.people import make_people
from notifications.dispatch import RETRY_AFTER_SECONDS, dispatch
from notifications.kinds import Lane
from notifications.services.telling import Wish, notify
from notifications.tests.senders import TRANSIENT, Recorder
from pairly.alerts.models import Alert
from pairly.alerts.services import resolve_alert
from pairly.core import clock
from pairly.core.shared_cache import CacheAway
from pairly.jobs.models import JobRun
from pairly.monitoring.rules import RULES
from pairly.monitoring.services import RulesFailed, check_rules
from pairly.monitoring.tasks import check_alert_rules
from pairly.outbox.dispatch import dispatch_all
from pairly.outbox.models import OutboxEvent
from pairly.schedule import TASKS_BY_NAME, run
from pairly.staff.tests.people import new_staff
from payments import measures
from payments.models import Webhook
from payments.tasks import poll_payments
from payments.tests.buyers import Buyer, deliver, deliver_razorpay, stripe_event
from payments.tests.desk import Desk, bought
from payments.tests.gateways import SILENT

pytestmark = pytest.mark.mongodb

IDS_AHEAD = timedelta(minutes=2)
"""Ids carry the real time, which runs on while a test's clock stands still."""


def raised() -> dict[tuple[str, str], Alert]:
    """Open alerts after the rules were evaluated, by kind and key."""
    count = check_alert_rules()
    found = {(one.kind, one.key): one for one in Alert.objects.filter(state="open")}
    assert len(found) == count
    return found


def odd_event(number: int) -> dict[str, Any]:
    return {"id": f"evt_{number}", "type": "customer.created", "created": 1, "data": {}}


def unprocessable() -> dict[str, Any]:
    """About a payment of somebody else."""
    payment = {"provider_ref": "pi_none_of_ours", "amount": 5000, "currency": "INR"}
    return stripe_event(payment)


def test_webhooks_that_fail_more_often_than_one_in_five() -> None:
    for number in range(4):
        deliver(odd_event(number))
    failing = [unprocessable(), unprocessable()]
    for event in failing:
        deliver(event)
    assert raised() == {}, "of six events a share says nothing"
    for number in range(4, 8):
        deliver(odd_event(number))
    assert raised() == {}, "two of ten are not more than one in five"
    deliver(unprocessable())
    alert = raised()["webhook_failures", "stripe"]
    assert alert.title == "Webhooks of stripe that fail: 28 %"
    assert alert.details == "3 of the 11 events of the last hour failed."
    deliver_razorpay({"event": "order.paid", "created_at": 1, "payload": {}})
    assert raised()["webhook_failures", "stripe"].count == 2
    for number in range(8, 13):
        deliver(odd_event(number))
    assert raised() == {}
    alert.refresh_from_db()
    assert (alert.state, alert.resolved_by_id) == ("resolved", None)


def test_wrong_signatures_are_counted_for_ten_minutes_and_nothing_of_them_is_kept() -> None:
    with time_machine.travel(clock.now(), tick=False) as moment:
        for _ in range(20):
            deliver(odd_event(1), "t=1,v1=guessed")
        assert raised() == {}
        deliver(odd_event(1), "t=1,v1=guessed")
        assert not Webhook.objects.exists()
        assert raised()["bad_signatures", "stripe"].title.endswith("ten minutes: 21")
        moment.shift(timedelta(minutes=8))
        assert set(raised()) == {("bad_signatures", "stripe")}
        moment.shift(timedelta(minutes=2))
        assert raised() == {}


def test_dead_letters_and_purchases_without_an_answer(settings: Any) -> None:
    settings.PAYMENT_GATEWAYS = {**settings.PAYMENT_GATEWAYS, **SILENT}
    minutes = settings.ALERT_UNKNOWN_INTENT_MINUTES
    with time_machine.travel(clock.now(), tick=False) as moment:
        assert Buyer().intent()["status"] == "unknown"
        deliver(unprocessable())
        Webhook.objects.update(state="dead")
        alert = raised()["dead_webhooks", ""]
        assert (alert.title, alert.severity) == ("Dead webhooks: 1", "critical")
        moment.shift(timedelta(minutes=minutes))
        assert set(raised()) == {("dead_webhooks", "")}
        moment.shift(IDS_AHEAD)
        assert set(raised()) == {("dead_webhooks", ""), ("unknown_intents", "")}
        resolve_alert(
            alert_id=alert.pk, actor_id=new_staff("admin").pk, reason="Seen", now=clock.now()
        )
        assert raised()["dead_webhooks", ""].pk != alert.pk, "what is still wrong is told anew"
        Webhook.objects.update(state="discarded")
        assert set(raised()) == {("unknown_intents", "")}


def test_notifications_that_a_long_outage_has_killed(push: Recorder, settings: Any) -> None:
    settings.ALERT_DEAD_NOTIFICATIONS_MAX = 0
    with time_machine.travel(clock.now(), tick=False) as moment:
        (user_id,) = make_people(1, credits=0)
        notify([Wish(user_id=user_id, kind="security.password_changed", dedupe_key="once")])
        for seconds in (0, *RETRY_AFTER_SECONDS):
            assert ("dead_notifications", "") not in raised()
            moment.shift(timedelta(seconds=1.1 * seconds))
            push.answers.append(TRANSIENT)
            dispatch(Lane.PUSH)
        title = raised()["dead_notifications", ""].title
        assert title == "Notifications of the last six hours that failed for good: 1"
        moment.shift(timedelta(hours=6))
        assert ("dead_notifications", "") not in raised()


def test_refunds_without_an_answer(settings: Any) -> None:
    served = settings.PAYMENT_GATEWAYS
    minutes = settings.ALERT_UNKNOWN_INTENT_MINUTES
    with time_machine.travel(clock.now(), tick=False) as moment:
        intent = bought(Buyer())
        settings.PAYMENT_GATEWAYS = {**served, **SILENT}
        assert Desk().refunded(intent)["state"] == "unknown"
        dispatch_all()
        moment.shift(timedelta(minutes=minutes))
        assert raised() == {}
        moment.shift(IDS_AHEAD)
        (alert,) = raised().values()
        assert alert.title == "Refunds whose provider does not answer: 1"
        settings.PAYMENT_GATEWAYS = served
        poll_payments()
        assert raised() == {}


def test_what_a_provider_says_of_other_money_is_told_for_each_purchase() -> None:
    buyer = Buyer()
    intent, other = buyer.intent(), buyer.intent()
    event = stripe_event(intent, amount_received=1)
    for _ in range(2):
        deliver(event)
    deliver(stripe_event(intent, currency="usd"))
    deliver(stripe_event(other, amount_received=1))
    alert = Alert.objects.get(kind="set_aside", key=intent["id"])
    assert (alert.count, alert.severity) == (2, "warning")
    assert alert.details.endswith("is set aside: currency USD for INR.")
    assert Alert.objects.filter(kind="set_aside").count() == 2
    check_alert_rules()
    assert Alert.objects.filter(kind="set_aside", state="open").count() == 2


def test_attempts_to_buy_that_are_refused_more_often_than_three_in_ten(settings: Any) -> None:
    buyer = Buyer()

    def attempt(count: int, *, refused: bool) -> None:
        settings.FRAUD_REVIEW_POINTS, settings.FRAUD_BLOCK_POINTS = (
            (1, 1) if refused else (999, 999)
        )
        for _ in range(count):
            assert buyer.begin().status_code == (403 if refused else 201)

    with time_machine.travel(clock.now(), tick=False) as moment:
        attempt(3, refused=True)
        assert raised() == {}, "of three attempts a share says nothing"
        attempt(7, refused=False)
        assert raised() == {}, "three of ten are not more than three in ten"
        attempt(1, refused=True)
        alert = raised()["fraud_blocks", ""]
        assert alert.title == "Attempts to buy that are refused as fraud: 37 %"
        assert alert.details.startswith("4 of the 11 attempts")
        dispatch_all()
        moment.shift(timedelta(hours=1) + IDS_AHEAD)
        assert raised() == {}


def test_broken_chains_and_failing_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("payments.verify_ledger_incremental", "audit.verify_audit"):
        run(TASKS_BY_NAME[name])
    assert raised() == {}

    def fail(*_arguments: Any) -> int:
        raise LookupError("no such table")

    with monkeypatch.context() as patch:
        patch.setattr("payments.tasks.process_due", fail)
        with pytest.raises(LookupError):
            run(TASKS_BY_NAME["payments.process_webhooks"])
    broken = JobRun.objects.filter(pk="payments.verify_ledger_incremental")
    broken.update(error="LedgerBroken: transfer 7 was changed")
    found = raised()
    assert set(found) == {("chain_broken", "ledger"), ("job_failing", "payments.process_webhooks")}
    chain = found["chain_broken", "ledger"]
    assert (chain.severity, chain.details) == ("critical", "LedgerBroken: transfer 7 was changed")
    run(TASKS_BY_NAME["payments.process_webhooks"])
    broken.update(error="")
    assert raised() == {}


def test_events_between_the_apps_that_failed_or_wait(settings: Any) -> None:
    now = clock.now()
    late = now - timedelta(minutes=settings.ALERT_OUTBOX_LATE_MINUTES)
    rows = [
        OutboxEvent.objects.create(
            kind="a.B", handler="c.d", payload="[]", state=state, due_at=due_at, created_at=now
        )
        for state, due_at in (("failed", now), ("pending", late), ("pending", now))
    ]
    assert set(raised()) == {("outbox_failed", ""), ("outbox_late", "")}
    OutboxEvent.objects.filter(pk__in=[rows[0].pk, rows[1].pk]).update(state="done")
    assert raised() == {}


def test_a_rule_that_cannot_be_measured_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_arguments: Any) -> dict[str, int]:
        raise CacheAway

    deliver(unprocessable())
    Webhook.objects.update(state="dead")
    with monkeypatch.context() as patch:
        patch.setattr(measures, "bad_signatures", away)
        with pytest.raises(RulesFailed, match="bad_signatures"):
            check_alert_rules()
    assert [one.kind for one in Alert.objects.all()] == ["dead_webhooks"]
    with pytest.raises(RulesFailed), monkeypatch.context() as patch:
        patch.setattr(measures, "bad_signatures", away)
        run(TASKS_BY_NAME["monitoring.check_alert_rules"])
    assert ("job_failing", "monitoring.check_alert_rules") in {
        (one.kind, one.key) for one in evaluated()
    }


def evaluated() -> list[Alert]:
    check_rules(clock.now())
    return list(Alert.objects.filter(state="open"))


def test_two_who_evaluate_at_once_raise_one_alert() -> None:
    deliver(unprocessable())
    Webhook.objects.update(state="dead")
    barrier = Barrier(4)

    def evaluate(_number: int) -> int:
        barrier.wait()
        try:
            return check_rules(clock.now())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(evaluate, range(4))) == [1] * 4
    assert [(one.kind, one.count) for one in Alert.objects.all()] == [("dead_webhooks", 4)]


def test_kinds_are_named_once_and_thresholds_are_settings() -> None:
    kinds = [rule.kind for rule in RULES]
    assert len(set(kinds)) == len(kinds)
    assert all(rule.threshold >= 0 for rule in RULES)
