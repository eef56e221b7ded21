"""Giving money back, told from outside: staff at their desk, the provider, and the buyer."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import DatabaseError

from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.core.errors import Conflict
from pairly.core.ids import new_id
from pairly.outbox.dispatch import dispatch_all
from payments.errors import InsufficientCredits
from payments.intents.models import Intent, Observed
from payments.refunds.models import Refund
from payments.refunds.services import refund_payment
from payments.simulator.services import deliver_settled
from payments.tasks import poll_payments
from payments.tests.buyers import Buyer, all_is_well, at_once
from payments.tests.desk import Desk, bought, legs_of, refund_news, spend
from payments.tests.gateways import DEAF, REFUSING, SILENT

pytestmark = pytest.mark.mongodb


def wallet(buyer: Buyer) -> dict[str, int]:
    found = buyer.api.get("/api/v1/wallet").json()
    return {name: found[name] for name in ("balance", "held", "available", "debt")}


def told(buyer: Buyer, intent: dict[str, Any]) -> tuple[str, int, int]:
    """What the buyer reads of a purchase: where it stands, what is back, what is on its way."""
    found = buyer.look(intent)
    return found["status"], found["refunded_amount"], found["refunding_amount"]


def test_a_refund_takes_the_credits_gives_the_money_and_is_told() -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)
    position = buyer.api.get("/api/v1/sync?since=0").json()["position"]

    refund = desk.refunded(intent)
    assert (refund["state"], refund["amount"], refund["currency"]) == ("succeeded", 5000, "INR")
    assert (refund["credits"], refund["intent_id"], refund["user_id"]) == (
        50,
        intent["id"],
        buyer.id,
    )
    assert told(buyer, intent) == ("refunded", 5000, 0)
    assert buyer.bought == 0

    news = buyer.api.get(f"/api/v1/sync?since={position}").json()["events"]
    assert {one["type"] for one in news} == {"wallet.updated"}
    assert news[-1]["data"] == buyer.api.get("/api/v1/wallet").json()
    receipt = buyer.api.get(f"/api/v1/payments/receipts/{intent['receipt_id']}").json()
    assert (receipt["amount"], receipt["refunded_amount"]) == (5000, 5000)
    assert [(one["amount"], one["status"]) for one in receipt["refunds"]] == [(5000, "succeeded")]
    (exported,) = buyer.api.get("/api/v1/me/export").json()["refunds"]
    assert (exported["purchase"], exported["state"]) == (intent["id"], "succeeded")

    assert legs_of(f"refund:{refund['id']}") == {
        "hold": ("pending", 50, "CREDIT"),
        "credits": ("post", 50, "CREDIT"),
        "money": ("posted", 5000, "INR"),
    }
    entry = AuditEntry.objects.get(action="refund.requested")
    assert (entry.target_id, entry.reason) == (intent["id"], "asked for it")
    history = desk.look(intent)["history"]
    assert [(one["about"], one["status"], one["verdict"]) for one in history][-1] == (
        "refund",
        "succeeded",
        "applied",
    )
    # Its webhooks come later and change nothing.
    deliver_settled(clock.now())
    dispatch_all()
    assert told(buyer, intent) == ("refunded", 5000, 0)
    assert all_is_well()


def test_however_a_purchase_is_cut_the_parts_come_to_the_whole() -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer, package="medium", currency="USD")
    taken = []
    for amount, status in (
        (66, "partially_refunded"),
        (66, "partially_refunded"),
        (67, "refunded"),
    ):
        taken.append(desk.refunded(intent, amount)["credits"])
        assert buyer.look(intent)["status"] == status
    assert taken == [39, 40, 41]
    assert buyer.bought == 0
    assert all_is_well()


def test_what_cannot_be_refunded_is_refused(settings: Any) -> None:
    buyer, desk = Buyer(), Desk()
    unpaid, paid = buyer.intent(), bought(buyer)

    def refused(intent: dict[str, Any], amount: int | None = None) -> tuple[int, str]:
        answer = desk.refund(intent, amount)
        return answer.status_code, answer.json()["code"]

    assert refused(unpaid) == (409, "not_paid")
    assert refused(paid, 5001) == (409, "refund_too_large")
    assert refused(paid, 0) == (400, "validation_error")
    assert refused({"id": str(new_id())}) == (404, "not_found")
    answer = desk.api.post(f"/api/v1/staff/payments/{paid['id']}/refund", {"reason": "so"})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")
    support = Desk("support")
    assert support.refund(paid).status_code == 403
    settings.STEP_UP_SECONDS = 0
    assert refused(paid) == (403, "second_factor_required")
    settings.STEP_UP_SECONDS = 600
    desk.refunded(paid, 4000)
    assert refused(paid, 1001) == (409, "refund_too_large")
    assert desk.refunded(paid)["amount"] == 1000
    assert refused(paid) == (409, "refund_too_large")
    assert Refund.objects.count() == 2
    assert all_is_well()


def test_nobody_refunds_what_they_bought() -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)
    me = desk.api.get("/api/v1/me").json()["id"]
    Intent.objects.filter(pk=intent["id"]).update(user_id=me)
    assert desk.refund(intent).status_code == 403
    assert not Refund.objects.exists()


def test_the_same_refund_asked_for_twice_is_one() -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)
    first, again = (desk.refund(intent, 2000, key="one-wish") for _ in range(2))
    assert first.json() == again.json() and again.headers["Idempotent-Replayed"] == "true"
    operation: dict[str, Any] = {
        "intent_id": UUID(intent["id"]),
        "reason": "so",
        "actor_id": None,
        "operation_id": UUID(first.json()["id"]),
        "now": clock.now(),
    }
    assert str(refund_payment(amount_minor=2000, **operation).pk) == first.json()["id"]
    assert str(refund_payment(amount_minor=None, **operation).pk) == first.json()["id"]
    with pytest.raises(Conflict, match="another refund"):
        refund_payment(amount_minor=1999, **operation)
    assert (told(buyer, intent)[1], buyer.bought) == (2000, 30)
    assert all_is_well()


def test_six_at_once_give_back_no_more_than_was_paid() -> None:
    buyer, desk = Buyer(), Desk()
    whole, parts = bought(buyer), bought(buyer)
    answers = at_once(6, lambda _number: desk.refund(whole, client=desk.client()).status_code)
    assert sorted(answers) == [201, *[409] * 5]
    answers = at_once(6, lambda _number: desk.refund(parts, 1000, client=desk.client()).status_code)
    assert sorted(answers) == [*[201] * 5, 409]
    assert told(buyer, whole) == told(buyer, parts) == ("refunded", 5000, 0)
    assert buyer.bought == 0
    assert all_is_well()


def test_one_wish_at_once_from_six_threads_is_one_refund() -> None:
    buyer = Buyer()
    intent, operation = bought(buyer), new_id()

    def ask(_number: int) -> UUID:
        return refund_payment(
            intent_id=UUID(intent["id"]),
            amount_minor=1000,
            reason="so",
            actor_id=None,
            operation_id=operation,
            now=clock.now(),
        ).pk

    assert at_once(6, ask) == [operation] * 6
    assert (told(buyer, intent), buyer.bought) == (("partially_refunded", 1000, 0), 40)
    assert all_is_well()


def test_the_database_itself_refuses_to_give_back_more_than_was_paid() -> None:
    intent = bought(Buyer())
    one = Intent.objects.filter(pk=intent["id"])
    for refunding, refunded in ((0, 5001), (5001, 0), (2501, 2500)):
        with pytest.raises(DatabaseError):
            one.update(refunding_minor=refunding, refunded_minor=refunded)
    assert one.update(refunding_minor=2500, refunded_minor=2500) == 1


def test_spent_credits_are_not_refunded_unless_debt_is_booked(settings: Any) -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)
    spend(buyer, buyer.available - 10)
    refused = desk.refund(intent)
    assert (refused.status_code, refused.json()["code"]) == (409, "credits_spent")
    assert desk.refunded(intent, 1000)["credits"] == 10

    settings.REFUND_BOOKS_DEBT = True
    refund = desk.refunded(intent)
    assert legs_of(f"refund:{refund['id']}") == {
        "debt": ("posted", 40, "CREDIT"),
        "money": ("posted", 4000, "INR"),
    }
    assert wallet(buyer) == {"balance": 0, "held": 0, "available": 0, "debt": 40}
    assert told(buyer, intent) == ("refunded", 5000, 0)
    assert all_is_well()


def test_a_later_purchase_settles_the_debt_first(settings: Any) -> None:
    settings.REFUND_BOOKS_DEBT = True
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)
    spend(buyer, buyer.available)
    desk.refunded(intent)
    assert wallet(buyer)["debt"] == 50
    for kind, owed in (("give_bonus", 50), ("give_paid", 45)):  # A gift settles nothing.
        desk.adjust(buyer, kind, 5)
        assert wallet(buyer)["debt"] == owed
    with pytest.raises(InsufficientCredits, match="45 credits are owed"):
        spend(buyer, 1)

    later = bought(buyer, package="medium")
    assert wallet(buyer) == {"balance": 80, "held": 0, "available": 80, "debt": 0}
    assert legs_of(f"purchase:{later['id']}")["settled"] == ("posted", 45, "CREDIT")
    spend(buyer, 1)
    assert all_is_well()


def test_a_purchase_too_small_for_the_debt_goes_to_it_whole(settings: Any) -> None:
    settings.REFUND_BOOKS_DEBT = True
    buyer, desk = Buyer(), Desk()
    large = bought(buyer, package="medium")
    spend(buyer, buyer.available)
    desk.refunded(large)
    bought(buyer)
    assert wallet(buyer) == {"balance": 0, "held": 0, "available": 0, "debt": 70}
    assert all_is_well()


def test_a_refund_is_pending_first_and_may_fail() -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)
    buyer.play(intent, "refund_fails")
    refund = desk.refunded(intent)
    assert (refund["state"], refund["settled_at"]) == ("pending", None)
    assert refund["provider_ref"] and refund["follow_up_at"]
    assert told(buyer, intent) == ("succeeded", 0, 5000)
    assert (wallet(buyer)["held"], buyer.bought) == (50, 0)
    assert desk.refund(intent).json()["code"] == "refund_too_large"
    receipt = buyer.api.get(f"/api/v1/payments/receipts/{intent['id']}").json()
    assert receipt["refunds"][0]["status"] == "pending"

    deliver_settled(clock.now())
    dispatch_all()
    assert told(buyer, intent) == ("succeeded", 0, 0)
    assert (wallet(buyer)["held"], buyer.bought) == (0, 50)
    failed = Refund.objects.get(pk=refund["id"])
    assert (failed.state, failed.failure_code) == ("failed", "lost_or_stolen_card")
    assert failed.follow_up_at is None
    assert all_is_well()


def test_money_that_comes_back_after_all_brings_the_credits_back(settings: Any) -> None:
    """Banks return what had already succeeded, weeks later."""
    settings.REFUND_BOOKS_DEBT = True
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)
    spend(buyer, buyer.available - 20)
    refund = desk.refunded(intent)
    assert wallet(buyer)["debt"] == 30
    named: dict[str, Any] = {"ref": refund["provider_ref"], "refund_id": UUID(refund["id"])}
    assert refund_news(intent, "failed", 5000, **named).verdict == "applied"
    assert refund_news(intent, "succeeded", 5000, **named).verdict == "ignored"
    assert told(buyer, intent) == ("succeeded", 0, 0)
    assert wallet(buyer) == {"balance": 20, "held": 0, "available": 20, "debt": 0}
    assert all_is_well()


def test_a_provider_that_refuses_has_surely_not_refunded(settings: Any) -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)
    settings.PAYMENT_GATEWAYS = REFUSING
    refund = desk.refunded(intent)
    assert (refund["state"], refund["failure_code"]) == ("failed", "balance_insufficient")
    assert (told(buyer, intent), buyer.bought) == (("succeeded", 0, 0), 50)
    assert all_is_well()


@pytest.mark.parametrize("gateway", [SILENT, DEAF])
def test_a_refund_without_an_answer_is_asked_about_and_made_once(
    settings: Any, gateway: dict[str, str]
) -> None:
    """Whether the provider heard it and could not answer, or never heard of it."""
    buyer, desk = Buyer(), Desk()
    served = settings.PAYMENT_GATEWAYS
    with time_machine.travel(clock.now(), tick=False) as time:
        intent = bought(buyer)
        settings.PAYMENT_GATEWAYS = gateway
        refund = desk.refunded(intent)
        assert (refund["state"], refund["provider_ref"]) == ("unknown", "")
        assert (told(buyer, intent), buyer.bought) == (("succeeded", 0, 5000), 0)
        time.shift(timedelta(minutes=1))
        assert poll_payments() == 1
        assert poll_payments() == 0
        assert Refund.objects.get().state == "unknown"
        settings.PAYMENT_GATEWAYS = served
        time.shift(timedelta(minutes=1))
        assert sorted(at_once(3, lambda _number: poll_payments())) == [0, 0, 1]
        assert (told(buyer, intent), buyer.bought) == (("refunded", 5000, 0), 0)
        time.shift(timedelta(days=1))
        assert poll_payments() == 0
    assert Refund.objects.get().provider_ref
    assert all_is_well()


def test_a_crash_before_the_provider_is_asked_heals(monkeypatch: pytest.MonkeyPatch) -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)

    def crash(*_arguments: Any) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patched, time_machine.travel(clock.now(), tick=False) as time:
        patched.setattr("payments.refunds.services.send", crash)
        assert desk.refunded(intent)["state"] == "unknown"
        time.shift(timedelta(minutes=1))
        assert poll_payments() == 1
    assert told(buyer, intent) == ("refunded", 5000, 0)
    assert all_is_well()


def test_a_refund_in_the_providers_dashboard_is_honoured_whatever_our_rules_say() -> None:
    buyer = Buyer()
    intent = bought(buyer)
    spend(buyer, buyer.available - 30)
    assert buyer.play(intent, "refund").status_code == 200
    assert told(buyer, intent) == ("refunded", 5000, 0)
    assert wallet(buyer) == {"balance": 0, "held": 0, "available": 0, "debt": 20}
    (refund,) = Refund.objects.all()
    assert (refund.requested_by, refund.credits) == (None, 50)
    assert all_is_well()


def test_news_of_refunds_come_in_any_order_and_number() -> None:
    buyer = Buyer()
    intent = bought(buyer)
    verdicts = [
        refund_news(intent, state, 2000).verdict
        for state in ("pending", "pending", "succeeded", "pending", "succeeded")
    ]
    assert verdicts == ["applied", "ignored", "applied", "ignored", "ignored"]
    # One that failed before its beginning is heard of stays failed.
    for state in ("failed", "pending", "succeeded"):
        refund_news(intent, state, 1000, ref="re_late")
    assert told(buyer, intent) == ("partially_refunded", 2000, 0)
    assert buyer.bought == 30
    assert all_is_well()


def test_another_amount_or_currency_is_set_aside() -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)
    buyer.play(intent, "refund_fails")
    refund = desk.refunded(intent, 2000)
    named: dict[str, Any] = {"ref": refund["provider_ref"], "refund_id": UUID(refund["id"])}
    assert refund_news(intent, "succeeded", 2001, **named).verdict == "set_aside"
    assert refund_news(intent, "succeeded", 2000, currency="USD", **named).verdict == "set_aside"
    named["ref"] = "re_other"
    assert refund_news(intent, "succeeded", 2000, **named).verdict == "set_aside"
    assert refund_news(intent, "succeeded", 5001, ref="re_new").verdict == "set_aside"
    assert told(buyer, intent) == ("succeeded", 0, 2000)
    assert Observed.objects.filter(verdict="set_aside").count() == 4
    assert all_is_well()


def test_news_of_a_refund_proves_a_payment_whose_news_got_lost() -> None:
    buyer = Buyer()
    intent = buyer.intent()
    buyer.play(intent, "lose")
    assert buyer.look(intent)["status"] == "created"
    buyer.play(intent, "refund")
    assert told(buyer, intent) == ("refunded", 5000, 0)
    assert buyer.bought == 0
    assert all_is_well()


# A second person


def test_above_the_limit_a_second_person_decides() -> None:
    buyer, finance, admin = Buyer(), Desk(), Desk("admin")
    intent = bought(buyer, package="xlarge")
    refund = finance.refunded(intent)
    assert (refund["state"], refund["follow_up_at"]) == ("requested", None)
    assert (told(buyer, intent), buyer.bought) == (("succeeded", 0, 35000), 0)
    assert finance.decide("approve").status_code == 403  # Not who asked for it.
    assert admin.decide("approve").status_code == 200
    assert told(buyer, intent) == ("refunded", 35000, 0)
    assert all_is_well()


def test_a_refund_cut_into_parts_does_not_pass_under_the_limit() -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer, package="xlarge")
    states = [desk.refunded(intent, 10000)["state"] for _ in range(3)]
    assert states == ["succeeded", "succeeded", "requested"]
    assert all_is_well()


@pytest.mark.parametrize(("decision", "who"), [("reject", "admin"), ("withdraw", "finance")])
def test_what_is_not_agreed_to_frees_the_credits(decision: str, who: str) -> None:
    buyer, desks = Buyer(), {"finance": Desk(), "admin": Desk("admin")}
    intent = bought(buyer, package="xlarge")
    desks["finance"].refunded(intent)
    assert desks[who].decide(decision).status_code == 200
    assert (told(buyer, intent), buyer.bought) == (("succeeded", 0, 0), 600)
    assert Refund.objects.get().state == "rejected"
    receipt = buyer.api.get(f"/api/v1/payments/receipts/{intent['id']}").json()
    assert receipt["refunds"] == []
    assert all_is_well()


def test_what_waits_gives_way_to_a_refund_in_the_dashboard() -> None:
    buyer, finance, admin = Buyer(), Desk(), Desk("admin")
    intent = bought(buyer, package="xlarge")
    finance.refunded(intent)
    buyer.play(intent, "refund")
    assert told(buyer, intent) == ("refunded", 35000, 0)
    late = admin.decide("approve")
    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    assert admin.decide("reject").status_code == 200
    assert told(buyer, intent) == ("refunded", 35000, 0)
    assert all_is_well()


def test_a_dispute_comes_before_the_second_person() -> None:
    buyer, finance, admin = Buyer(), Desk(), Desk("admin")
    intent = bought(buyer, package="xlarge")
    finance.refunded(intent, 30000)
    buyer.play(intent, "dispute")
    answer = admin.decide("approve")
    assert (answer.status_code, answer.json()["code"]) == (409, "payment_disputed")
    buyer.play(intent, "dispute_won")
    assert admin.decide("approve").status_code == 200
    assert told(buyer, intent) == ("dispute_won", 30000, 0)
    assert all_is_well()


def test_nobody_agrees_to_a_refund_of_what_they_bought(settings: Any) -> None:
    settings.REFUND_BOOKS_DEBT = True
    finance, admin = Desk(), Desk("admin")
    intent = bought(Buyer(), package="xlarge")
    me = admin.api.get("/api/v1/me").json()["id"]
    Intent.objects.filter(pk=intent["id"]).update(user_id=me)
    finance.refunded(intent)
    assert admin.decide("approve").status_code == 403
    assert Refund.objects.get().state == "requested"
    assert Desk("superadmin").decide("approve").status_code == 200
    assert Refund.objects.get().state == "succeeded"


def test_what_a_dispute_took_meanwhile_is_not_agreed_to_once_more() -> None:
    buyer, finance, admin = Buyer(), Desk(), Desk("admin")
    intent = bought(buyer, package="xlarge")
    finance.refunded(intent, 30000)
    for outcome in ("dispute", "dispute_lost"):
        buyer.play(intent, outcome)
    answer = admin.decide("approve")
    assert (answer.status_code, answer.json()["code"]) == (409, "refund_too_large")
    assert Refund.objects.get().state == "requested"
    assert admin.decide("reject").status_code == 200
    assert told(buyer, intent) == ("dispute_lost", 0, 0)
    assert all_is_well()
