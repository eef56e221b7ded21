"""Credits under review: held with the purchase, free when staff say so, gone when they do not."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.core.errors import Conflict, NotFound, PermissionDenied, ValidationFailed
from pairly.outbox.dispatch import dispatch_all
from pairly.staff.tests.people import new_staff, staff_api
from payments.adjustments.services import adjust
from payments.errors import CreditsSpent
from payments.fraud import reviews
from payments.fraud.invariants import reviews_hold_their_credits
from payments.fraud.selectors import reviews_waiting
from payments.intents.following import expire_intents
from payments.models import Intent, OpenHold, Refund, Review, Transfer
from payments.simulator.services import deliver_settled
from payments.tests.buyers import Buyer, all_is_well, at_once, deliver, stripe_event
from payments.tests.desk import Desk, bought, legs_of, refund_news, spend
from payments.tests.gateways import REFUSING

pytestmark = pytest.mark.mongodb

REVIEWS = "/api/v1/staff/fraud/reviews"


@pytest.fixture(autouse=True)
def every_purchase_is_reviewed(settings: Any) -> None:
    settings.FRAUD_REVIEW_POINTS = 10


def wallet(buyer: Buyer) -> dict[str, int]:
    shown = buyer.api.get("/api/v1/wallet").json()
    return {name: shown[name] for name in ("balance", "held", "available", "debt")}


def decide(how: Any, intent: dict[str, Any], actor: Any = None, reason: str = "Known") -> Review:
    actor = actor or new_staff("finance")
    decided: Review = how(
        review_id=UUID(intent["id"]), actor_id=actor.pk, reason=reason, now=clock.now()
    )
    return decided


def well() -> bool:
    assert reviews_hold_their_credits() == []
    return all_is_well()


def test_what_is_bought_under_review_is_there_and_cannot_be_spent() -> None:
    buyer, friend = Buyer(), Buyer()
    position = buyer.api.get("/api/v1/sync?since=0").json()["position"]
    intent = bought(buyer)
    assert buyer.look(intent)["status"] == "succeeded"
    assert buyer.api.get(f"/api/v1/payments/receipts/{intent['id']}").status_code == 200
    held = {"balance": buyer.bonus + 50, "held": 50, "available": buyer.bonus, "debt": 0}
    assert wallet(buyer) == held
    news = buyer.api.get(f"/api/v1/sync?since={position}").json()["events"]
    assert [one["data"]["held"] for one in news if one["type"] == "wallet.updated"] == [50]
    (review,) = Review.objects.all()
    assert (str(review.pk), review.state, review.credits, review.held) == (
        intent["id"],
        "held",
        50,
        50,
    )
    opened = buyer.api.post("/api/v1/conversations", {"user_id": friend.id}).json()
    address = f"/api/v1/conversations/{opened['id']}/messages"
    sent = [
        buyer.api.post(address, {"client_id": str(n), "kind": "text", "text": "Hi"}).status_code
        for n in range(buyer.bonus + 1)
    ]
    assert sent == [201] * buyer.bonus + [402]
    assert well()


def test_an_intent_for_review_that_is_never_paid_has_no_review() -> None:
    buyer = Buyer()
    intent = buyer.intent()
    expire_intents(clock.now() + timedelta(hours=1))
    assert buyer.look(intent)["status"] == "expired"
    assert not reviews_waiting().exists()
    deliver(stripe_event(intent))  # Paid all the same, late: it is reviewed all the same.
    assert wallet(buyer)["held"] == 50 and reviews_waiting().count() == 1
    assert well()


def test_an_approved_purchase_is_free_and_told() -> None:
    buyer, staff = Buyer(), new_staff("finance")
    intent = bought(buyer)
    position = buyer.api.get("/api/v1/sync?since=0").json()["position"]
    review = decide(reviews.approve, intent, staff, "Spoke on the telephone")
    assert (review.state, review.held, review.actor_id) == ("approved", 0, staff.pk)
    free = {"balance": buyer.bonus + 50, "held": 0, "available": buyer.bonus + 50, "debt": 0}
    assert wallet(buyer) == free
    news = buyer.api.get(f"/api/v1/sync?since={position}").json()["events"]
    assert [(one["type"], one["data"]["available"]) for one in news] == [
        ("wallet.updated", buyer.bonus + 50)
    ]
    (entry,) = AuditEntry.objects.filter(action="review.approved")
    assert (entry.actor_id, entry.target_id, entry.reason) == (
        staff.pk,
        intent["id"],
        "Spoke on the telephone",
    )
    again = decide(reviews.approve, intent, reason="Once more")
    assert again.reason == "Spoke on the telephone"
    assert AuditEntry.objects.filter(action="review.approved").count() == 1
    assert well()


def test_only_what_waits_is_decided_with_a_reason_and_by_somebody_else() -> None:
    buyer = Buyer()
    intent = bought(buyer)
    for how in (reviews.approve, reviews.reject):
        with pytest.raises(NotFound):
            decide(how, {"id": str(uuid4())})
        with pytest.raises(ValidationFailed):
            decide(how, intent, reason="  ")
        with pytest.raises(PermissionDenied):
            how(review_id=UUID(intent["id"]), actor_id=UUID(buyer.id), reason="Me", now=clock.now())
    assert wallet(buyer)["held"] == 50 and well()


def test_a_decision_that_dies_on_its_way_changes_nothing(monkeypatch: Any) -> None:
    buyer = Buyer()
    intent = bought(buyer)
    with monkeypatch.context() as dying:
        dying.setattr("payments.fraud.reviews.announce", die)
        with pytest.raises(RuntimeError):
            decide(reviews.approve, intent)
    assert wallet(buyer)["held"] == 50 and reviews_waiting().count() == 1
    decide(reviews.approve, intent)
    assert wallet(buyer)["held"] == 0 and well()


def die(*_values: Any) -> None:
    raise RuntimeError("killed")


def test_the_review_begins_in_the_transaction_of_the_purchase(monkeypatch: Any) -> None:
    buyer = Buyer()
    intent = buyer.intent()
    with monkeypatch.context() as dying:
        dying.setattr("payments.intents.purchases._next_number", die)
        deliver(stripe_event(intent))
    assert not Review.objects.exists() and wallet(buyer)["balance"] == buyer.bonus
    deliver(stripe_event(intent))
    assert wallet(buyer)["held"] == 50 and well()


def test_many_decide_at_once_and_one_does() -> None:
    buyer, staff = Buyer(), new_staff("finance")
    intent = bought(buyer)
    at_once(8, lambda _number: decide(reviews.approve, intent, staff))
    assert AuditEntry.objects.filter(action="review.approved").count() == 1
    assert Transfer.objects.filter(group=f"review:{intent['id']}").count() == 2
    assert wallet(buyer)["available"] == buyer.bonus + 50 and well()


def test_staff_decide_over_rest_with_a_fresh_second_factor(settings: Any) -> None:
    buyer = Buyer()
    intent = bought(buyer, package="large")
    api = staff_api("finance")
    (waiting,) = api.get(REVIEWS, {"state": "held"}).json()["results"]
    assert (waiting["id"], waiting["user_id"], waiting["held"]) == (intent["id"], buyer.id, 300)
    for query in ({"q": buyer.email}, {"q": buyer.id}, {"q": intent["id"]}):
        assert len(api.get(REVIEWS, query).json()["results"]) == 1, query
    for query in ({"q": "nobody@example.org"}, {"q": "nonsense"}, {"state": "approved"}):
        assert api.get(REVIEWS, query).json()["results"] == [], query
    one = api.get(f"{REVIEWS}/{intent['id']}").json()
    assert (one["state"], one["score"]["points"], one["score"]["inputs"]["credits"]) == (
        "held",
        10,
        300,
    )
    address = f"{REVIEWS}/{intent['id']}/approve"
    assert api.post(address, {}).status_code == 400
    assert api.post(f"{REVIEWS}/{uuid4()}/approve", {"reason": "x"}).status_code == 404
    settings.STEP_UP_SECONDS = -1
    refused = api.post(address, {"reason": "Known"})
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_required")
    settings.STEP_UP_SECONDS = 600
    answer = api.post(address, {"reason": "Known"})
    assert (answer.status_code, answer.json()["state"], answer.json()["held"]) == (
        200,
        "approved",
        0,
    )
    assert wallet(buyer)["held"] == 0
    for role in ("support", "moderator", "analyst"):
        other = staff_api(role)
        assert other.get(REVIEWS).status_code == 403
        assert other.post(address, {"reason": "x"}).status_code == 403
    assert buyer.api.get(REVIEWS).status_code == 404


def test_an_allowed_purchase_has_no_review(settings: Any) -> None:
    settings.FRAUD_REVIEW_POINTS = 40
    buyer = Buyer()
    bought(buyer)
    assert wallet(buyer)["held"] == 0 and not Review.objects.exists()
    assert Intent.objects.count() == 1 and well()


def standing(buyer: Buyer, intent: dict[str, Any]) -> tuple[str, str, int, int]:
    """How the review, the purchase and the credits stand: held, and free beyond the bonus."""
    review = Review.objects.get(pk=intent["id"])
    return review.state, buyer.look(intent)["status"], wallet(buyer)["held"], buyer.bought


def test_a_rejected_purchase_goes_back_whole_and_its_credits_are_never_free() -> None:
    buyer = Buyer()
    intent = bought(buyer)
    position = buyer.api.get("/api/v1/sync?since=0").json()["position"]
    review = decide(reviews.reject, intent, reason="A stolen card")
    assert (review.state, review.held, review.reason) == ("rejected", 0, "A stolen card")
    assert standing(buyer, intent) == ("rejected", "refunded", 0, 0)
    news = buyer.api.get(f"/api/v1/sync?since={position}").json()["events"]
    assert {one["data"]["available"] for one in news} == {buyer.bonus}
    refund = Refund.objects.get()
    assert (refund.state, refund.amount_minor, refund.credits) == ("succeeded", 5000, 50)
    assert legs_of(f"review:{intent['id']}")["void"] == ("void", 50, "CREDIT")
    actions = AuditEntry.objects.filter(target_id=intent["id"]).values_list("action", flat=True)
    assert sorted(actions) == ["refund.requested", "review.rejected"]
    assert decide(reviews.reject, intent, reason="Again").reason == "A stolen card"
    with pytest.raises(Conflict):
        decide(reviews.approve, intent)
    assert Refund.objects.count() == 1 and well()


def test_a_rejection_passes_the_credits_on_whether_debt_may_be_booked_or_not(settings: Any) -> None:
    for settings.REFUND_BOOKS_DEBT in (False, True):
        buyer = Buyer()
        intent = bought(buyer)
        decide(reviews.reject, intent)
        assert wallet(buyer)["debt"] == 0
        assert standing(buyer, intent) == ("rejected", "refunded", 0, 0) and well()


def test_a_rejection_that_cannot_be_refunded_is_none(monkeypatch: Any) -> None:
    buyer = Buyer()
    intent = bought(buyer)
    with monkeypatch.context() as dying:
        dying.setattr("payments.refunds.services._note", die)
        with pytest.raises(RuntimeError):
            decide(reviews.reject, intent)
    assert standing(buyer, intent) == ("held", "succeeded", 50, 0)
    assert not Refund.objects.exists() and well()


def test_when_the_refund_of_a_rejected_purchase_fails_it_waits_again(settings: Any) -> None:
    buyer = Buyer()
    intent = bought(buyer)
    buyer.play(intent, "refund_fails")
    decide(reviews.reject, intent)
    assert standing(buyer, intent) == ("rejected", "succeeded", 50, 0)
    deliver_settled(clock.now())
    dispatch_all()
    review = Review.objects.get()
    assert (review.actor_id, review.decided_at, review.held) == (None, None, 50)
    assert standing(buyer, intent) == ("held", "succeeded", 50, 0) and well()
    served, settings.PAYMENT_GATEWAYS = settings.PAYMENT_GATEWAYS, REFUSING
    decide(reviews.reject, intent)
    assert standing(buyer, intent) == ("held", "succeeded", 50, 0) and well()
    settings.PAYMENT_GATEWAYS = served
    decide(reviews.approve, intent)
    assert standing(buyer, intent) == ("approved", "succeeded", 0, 50)
    assert Refund.objects.filter(state="failed").count() == 2 and well()


def test_money_that_comes_back_weeks_after_a_rejection_is_reviewed_again() -> None:
    buyer = Buyer()
    intent = bought(buyer)
    decide(reviews.reject, intent)
    refund = Refund.objects.get()
    refund_news(intent, "failed", 5000, ref=refund.provider_ref, refund_id=refund.pk)
    assert standing(buyer, intent) == ("held", "succeeded", 50, 0) and well()
    decide(reviews.approve, intent)
    assert standing(buyer, intent) == ("approved", "succeeded", 0, 50) and well()


def test_nobody_hears_of_credits_that_all_went_to_what_was_owed() -> None:
    buyer = Buyer()
    intent = bought(buyer)
    decide(reviews.reject, intent)
    adjust(
        actor_id=new_staff("finance").pk,
        user_id=UUID(buyer.id),
        kind="take_paid",
        credits=60,
        book_debt=True,
        reason="Spent what was not there",
        operation_id=uuid4(),
    )
    refund = Refund.objects.get()
    refund_news(intent, "failed", 5000, ref=refund.provider_ref, refund_id=refund.pk)
    assert (Review.objects.get().held, wallet(buyer)["debt"]) == (0, 10)
    decide(reviews.approve, intent)
    dispatch_all()
    told = [one["kind"] for one in buyer.api.get("/api/v1/notifications").json()["results"]]
    assert told.count("credits.added") == 1, "of the bonus alone"
    assert well()


def test_above_the_limit_of_refunds_a_second_person_decides_about_a_rejection() -> None:
    buyer, admin = Buyer(), Desk("admin")
    dear, other = bought(buyer, package="xlarge"), Buyer()
    decide(reviews.reject, dear)
    assert standing(buyer, dear) == ("rejected", "succeeded", 600, 0)
    assert admin.decide("reject").status_code == 200
    assert standing(buyer, dear) == ("held", "succeeded", 600, 0) and well()
    decide(reviews.reject, dear)
    assert admin.decide("approve").status_code == 200
    assert standing(buyer, dear) == ("rejected", "refunded", 0, 0)
    assert wallet(other)["held"] == 0 and well()


def test_a_refund_of_a_part_leaves_the_rest_held() -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)
    assert desk.refunded(intent, 2000)["credits"] == 20
    assert standing(buyer, intent) == ("held", "partially_refunded", 30, 0) and well()
    decide(reviews.approve, intent)
    assert standing(buyer, intent) == ("approved", "partially_refunded", 0, 30) and well()


def test_a_part_of_a_refund_that_fails_is_held_again() -> None:
    buyer, desk = Buyer(), Desk()
    intent = bought(buyer)
    buyer.play(intent, "refund_fails")
    desk.refunded(intent, 2000)
    assert standing(buyer, intent) == ("held", "succeeded", 50, 0)
    assert Review.objects.get().held == 30
    deliver_settled(clock.now())
    dispatch_all()
    assert Review.objects.get().held == 50 and well()
    decide(reviews.reject, intent)
    assert Refund.objects.filter(state="failed").count() == 1
    assert wallet(buyer)["held"] == 50 and buyer.bought == 0 and well()


@pytest.mark.parametrize("outcome", ["refund", "dispute"])
def test_what_the_provider_takes_back_of_itself_ends_the_review(outcome: str) -> None:
    """The held credits go with it, and no debt is made of what nobody could spend."""
    buyer = Buyer()
    intent = bought(buyer)
    buyer.play(intent, outcome)
    assert (wallet(buyer)["debt"], buyer.bought) == (0, 0)
    assert Review.objects.get().state == "closed" and well()
    for how in (reviews.approve, reviews.reject):
        with pytest.raises(Conflict):
            decide(how, intent)
    if outcome == "dispute":
        buyer.play(intent, "dispute_won")  # The buyer's own bank has said who is right.
        assert standing(buyer, intent) == ("closed", "dispute_won", 0, 50) and well()


def test_what_is_owed_is_paid_from_credits_that_are_free_and_not_from_held_ones(
    settings: Any,
) -> None:
    settings.REFUND_BOOKS_DEBT, settings.FRAUD_REVIEW_POINTS = True, 40
    buyer, desk = Buyer(), Desk()
    first = bought(buyer)
    spend(buyer, buyer.available)
    desk.refunded(first)
    assert wallet(buyer) == {"balance": 0, "held": 0, "available": 0, "debt": 50}
    settings.FRAUD_REVIEW_POINTS = 10
    approved, rejected = bought(buyer, package="medium"), bought(buyer)
    assert wallet(buyer) == {"balance": 170, "held": 170, "available": 0, "debt": 50}
    decide(reviews.reject, rejected)
    assert wallet(buyer) == {"balance": 120, "held": 120, "available": 0, "debt": 50}
    decide(reviews.approve, approved)
    assert wallet(buyer) == {"balance": 70, "held": 0, "available": 70, "debt": 0}
    assert legs_of(f"review:{approved['id']}")["settled"] == ("posted", 50, "CREDIT")
    assert well()


def test_two_who_decide_differently_at_once() -> None:
    staff = [new_staff("finance"), new_staff("admin")]
    for _ in range(3):
        buyer = Buyer()
        intent = bought(buyer)

        def one_of_two(number: int) -> str:
            try:
                how = (reviews.approve, reviews.reject)[number % 2]
                return decide(how, intent, staff[number % 2]).state  # noqa: B023
            except Conflict:
                return "refused"

        answers = at_once(6, one_of_two)
        state = Review.objects.get(pk=intent["id"]).state
        assert sorted(answers) == sorted(["refused"] * 3 + [state] * 3)
        free = 50 if state == "approved" else 0
        assert (wallet(buyer)["held"], buyer.bought) == (0, free)
        assert Refund.objects.filter(intent_id=intent["id"]).count() == (0 if free else 1)
        assert well()


def test_a_decision_and_a_refund_at_once_agree() -> None:
    """Whichever comes first, the credits are taken once and none is left held for nobody."""
    desk, staff = Desk(), new_staff("admin")
    for how in (reviews.approve, reviews.reject):
        buyer = Buyer()
        intent = bought(buyer)

        def either(number: int) -> Any:
            if number % 2:
                return desk.refund(intent, client=desk.client()).status_code  # noqa: B023
            try:
                return decide(how, intent, staff).state  # noqa: B023
            except (Conflict, CreditsSpent):
                return "refused"

        at_once(4, either)
        assert wallet(buyer) == {
            "balance": buyer.bonus,
            "held": 0,
            "available": buyer.bonus,
            "debt": 0,
        }
        assert Refund.objects.filter(intent_id=intent["id"], state="succeeded").count() == 1
        assert well()


def test_the_invariant_finds_what_does_not_agree() -> None:
    buyer = Buyer()
    intent = bought(buyer)
    name = f"review:{intent['id']}"
    Review.objects.update(held=49)
    assert reviews_hold_their_credits() == [f"{name}: 50 are held, the review says 49"]
    Review.objects.update(held=50, state="approved")
    assert reviews_hold_their_credits() == [f"{name}: 50 are held, the review says None"]
    Review.objects.update(state="held")
    OpenHold.objects.all().delete()
    assert reviews_hold_their_credits() == [f"{name}: None are held, the review says 50"]
