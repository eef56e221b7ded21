"""A buyer's bank wants the money back: opened, won, lost, in any order and any number."""

from itertools import permutations
from typing import Any

import pytest

from payments.disputes.models import Dispute
from payments.intents.models import Observed
from payments.refunds.models import Refund
from payments.tests.buyers import Buyer, all_is_well, at_once
from payments.tests.desk import Desk, bought, dispute_news, legs_of, refund_news, spend

pytestmark = pytest.mark.mongodb


def wallet(buyer: Buyer) -> dict[str, int]:
    found = buyer.api.get("/api/v1/wallet").json()
    return {name: found[name] for name in ("balance", "held", "available", "debt")}


def status(buyer: Buyer, intent: dict[str, Any]) -> str:
    found: str = buyer.look(intent)["status"]
    return found


@pytest.mark.usefixtures("trusting")
def test_an_open_dispute_holds_the_credits_and_blocks_refunds() -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)
    position = buyer.api.get("/api/v1/sync?since=0").json()["position"]
    buyer.play(intent, "dispute")
    assert status(buyer, intent) == "disputed"
    assert (wallet(buyer)["held"], buyer.bought) == (50, 0)
    news = buyer.api.get(f"/api/v1/sync?since={position}").json()["events"]
    assert [one["data"]["held"] for one in news if one["type"] == "wallet.updated"] == [50]
    refused = desk.refund(intent)
    assert (refused.status_code, refused.json()["code"]) == (409, "payment_disputed")
    assert desk.refund(bought(buyer)).status_code == 201  # Another purchase is another matter.
    assert all_is_well()


def test_a_dispute_that_is_won_leaves_everything_as_it_was() -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)
    for outcome in ("dispute", "dispute_won"):
        buyer.play(intent, outcome)
    assert (status(buyer, intent), wallet(buyer)["held"], buyer.bought) == ("dispute_won", 0, 50)
    dispute = Dispute.objects.get()
    assert dispute.closed_at is not None
    assert legs_of(f"dispute:{dispute.pk}") == {
        "hold": ("pending", 50, "CREDIT"),
        "money": ("posted", 5000, "INR"),
        "void": ("void", 50, "CREDIT"),
        "money-back": ("posted", 5000, "INR"),
    }
    assert desk.refunded(intent, 1000)["state"] == "succeeded"
    assert status(buyer, intent) == "dispute_won"
    desk.refunded(intent)
    assert status(buyer, intent) == "refunded"
    assert all_is_well()


def test_a_dispute_that_is_lost_takes_the_credits() -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)
    for outcome in ("dispute", "dispute_lost"):
        buyer.play(intent, outcome)
    assert (status(buyer, intent), buyer.bought) == ("dispute_lost", 0)
    assert wallet(buyer)["debt"] == 0
    assert desk.refund(intent).json()["code"] == "refund_too_large"
    (told,) = buyer.api.get("/api/v1/me/export").json()["disputes"]
    assert (told["purchase"], told["state"], told["reason"]) == (intent["id"], "lost", "fraudulent")
    assert all_is_well()


@pytest.mark.usefixtures("trusting")
def test_spent_credits_stay_untouched_until_the_dispute_is_lost() -> None:
    """Whatever the setting for refunds says: this money is gone without our doing."""
    buyer = Buyer()
    intent = bought(buyer)
    spend(buyer, buyer.available - 20)
    buyer.play(intent, "dispute")
    assert wallet(buyer) == {"balance": 20, "held": 20, "available": 0, "debt": 0}
    other = bought(buyer)  # May be spent meanwhile: nothing is proven yet.
    spend(buyer, 45)
    buyer.play(intent, "dispute_lost")
    dispute = Dispute.objects.get()
    taken = {name: leg[1] for name, leg in legs_of(f"dispute:{dispute.pk}").items()}
    assert taken == {"hold": 20, "money": 5000, "credits": 20, "more": 5, "debt": 25}
    assert wallet(buyer) == {"balance": 0, "held": 0, "available": 0, "debt": 25}
    assert status(buyer, other) == "succeeded"
    bought(buyer)
    assert wallet(buyer) == {"balance": 25, "held": 0, "available": 25, "debt": 0}
    assert all_is_well()


@pytest.mark.parametrize("end", ["won", "lost"])
def test_news_of_a_dispute_come_in_any_order_and_number(end: str) -> None:
    for order in set(permutations(["opened", end, "opened", end])):
        buyer = Buyer()
        intent = bought(buyer)
        ref = f"dp_{intent['id']}"
        verdicts = [dispute_news(intent, one, 5000, ref=ref).verdict for one in order]
        news = 2 if order.index("opened") < order.index(end) else 1
        assert verdicts.count(Observed.Verdict.APPLIED) == news, order
        assert status(buyer, intent) == f"dispute_{end}", order
        assert buyer.bought == (50 if end == "won" else 0), order
    assert all_is_well()


def test_the_same_news_from_six_webhooks_at_once_is_one_dispute() -> None:
    buyer = Buyer()
    intent = bought(buyer)

    def say(number: int) -> str:
        return dispute_news(intent, ("opened", "lost")[number % 2], 5000).verdict

    at_once(6, say)
    dispute_news(intent, "lost", 5000)
    assert (status(buyer, intent), buyer.bought) == ("dispute_lost", 0)
    assert Dispute.objects.count() == 1
    assert all_is_well()


@pytest.mark.parametrize("attempt", range(4))
def test_a_dispute_and_a_refund_at_once_never_take_more_than_was_bought(attempt: int) -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)

    def do(number: int) -> Any:
        if number:
            return desk.refund(intent, client=desk.client())
        return dispute_news(intent, "opened", 5000)

    at_once(2, do)
    assert status(buyer, intent) == "disputed"
    dispute_news(intent, "lost", 5000)
    assert (buyer.bought, wallet(buyer)["debt"]) == (0, 0)
    assert all_is_well()


def test_after_a_partial_refund_the_rest_may_be_disputed() -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)
    desk.refunded(intent, 2000)
    buyer.play(intent, "dispute")
    assert status(buyer, intent) == "disputed"
    assert (Dispute.objects.get().amount_minor, wallet(buyer)["held"]) == (3000, 30)
    buyer.play(intent, "dispute_won")
    assert (status(buyer, intent), buyer.bought) == ("dispute_won", 30)
    assert desk.refunded(intent)["credits"] == 30
    assert (status(buyer, intent), buyer.bought) == ("refunded", 0)
    assert all_is_well()


def test_money_that_goes_twice_takes_the_credits_once() -> None:
    """A refund in the dashboard does not stop a bank, nor a dispute a refund in the dashboard."""
    buyer = Buyer()
    first, second = bought(buyer), bought(buyer)
    refund_news(first, "succeeded", 5000, ref="re_1")
    dispute_news(first, "lost", 5000, ref="dp_1")
    dispute_news(second, "opened", 5000, ref="dp_2")
    refund_news(second, "succeeded", 5000, ref="re_2")
    assert status(buyer, second) == "disputed"
    dispute_news(second, "lost", 5000, ref="dp_2")
    assert status(buyer, first) == status(buyer, second) == "dispute_lost"
    assert (buyer.bought, wallet(buyer)["debt"]) == (0, 0)
    assert [one.credits for one in Refund.objects.order_by("id")] == [50, 0]
    assert all_is_well()


def test_of_two_that_claim_the_same_one_may_come_to_nothing() -> None:
    buyer = Buyer()
    won, returned, failed = bought(buyer), bought(buyer), bought(buyer)
    dispute_news(won, "opened", 5000, ref="dp_1")
    refund_news(won, "succeeded", 5000, ref="re_1")
    dispute_news(won, "won", 5000, ref="dp_1")
    assert (status(buyer, won), buyer.bought) == ("refunded", 100)

    refund_news(returned, "succeeded", 5000, ref="re_2")
    dispute_news(returned, "lost", 5000, ref="dp_2")
    refund_news(returned, "failed", 5000, ref="re_2")
    assert (status(buyer, returned), buyer.bought) == ("dispute_lost", 50)

    refund_news(failed, "pending", 5000, ref="re_3")
    dispute_news(failed, "opened", 5000, ref="dp_3")
    refund_news(failed, "failed", 5000, ref="re_3")
    assert (status(buyer, failed), buyer.bought) == ("disputed", 50)
    dispute_news(failed, "lost", 5000, ref="dp_3")
    assert (buyer.bought, wallet(buyer)["debt"], wallet(buyer)["held"]) == (0, 0, 0)
    assert all_is_well()


def test_a_bank_may_come_again() -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)
    for ref, end in (("dp_1", "won"), ("dp_2", "lost")):
        dispute_news(intent, "opened", 3000, ref=ref)
        assert status(buyer, intent) == "disputed"
        assert desk.refund(intent).status_code == 409
        dispute_news(intent, end, 3000, ref=ref)
    assert (status(buyer, intent), buyer.bought) == ("dispute_lost", 20)
    assert desk.refund(intent, 2001).json()["code"] == "refund_too_large"
    assert desk.refunded(intent)["amount"] == 2000
    assert (status(buyer, intent), buyer.bought) == ("dispute_lost", 0)
    assert all_is_well()


def test_a_dispute_over_something_else_is_set_aside() -> None:
    buyer = Buyer()
    intent, other = bought(buyer), bought(buyer)
    assert dispute_news(intent, "opened", 5001).verdict == "set_aside"
    assert dispute_news(intent, "opened", 5000, currency="USD").verdict == "set_aside"
    assert dispute_news(intent, "opened", 4000).verdict == "applied"
    assert dispute_news(intent, "lost", 4001).verdict == "set_aside"
    assert dispute_news(other, "lost", 4000).verdict == "set_aside"
    assert (status(buyer, intent), status(buyer, other)) == ("disputed", "succeeded")
    assert all_is_well()


def test_news_of_a_dispute_prove_a_payment_whose_news_got_lost() -> None:
    buyer = Buyer()
    intent = buyer.intent(provider="razorpay")
    buyer.play(intent, "lose")
    buyer.play(intent, "dispute")
    assert (status(buyer, intent), wallet(buyer)["held"]) == ("disputed", 50)
    assert all_is_well()
