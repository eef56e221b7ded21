"""Anything may happen to a purchase under review, in any order: what nobody approved is never
free, what is held is held for somebody, and the books agree."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pairly.core import clock
from pairly.core.errors import PairlyError
from pairly.core.ids import new_id
from pairly.staff.tests.people import new_staff
from payments.fraud import reviews
from payments.fraud.invariants import reviews_hold_their_credits
from payments.ledger.accounts import DEBT, PAID, personal_key
from payments.ledger.invariants import violations
from payments.models import Account, Dispute, Refund, Review
from payments.refunds.services import refund_payment
from payments.tests.buyers import Buyer, all_is_well
from payments.tests.desk import bought, dispute_news, refund_news
from payments.tests.gateways import DEAF
from tests.sizes import examples

AMOUNT_MINOR, CREDITS = 5000, 50

AMOUNTS = st.sampled_from([1, 999, 2000, 4999, 5000])
STEPS = st.one_of(
    st.tuples(st.sampled_from(["approve", "reject", "settle", "fail", "return"])),
    st.tuples(st.sampled_from(["refund", "dashboard", "dispute"]), AMOUNTS),
    st.tuples(st.sampled_from(["won", "lost"])),
)


class Purchase:
    """One purchase under review, whose provider hears of refunds and does not answer."""

    def __init__(self, actor_id: UUID) -> None:
        self.actor_id = actor_id
        self.buyer = Buyer()
        self.intent = bought(self.buyer)
        self.id = UUID(self.intent["id"])
        self.was_freed = False
        self.news = 0

    def step(self, name: str, *values: Any) -> None:
        did: Callable[..., None] = getattr(self, name)
        try:
            did(*values)
        except PairlyError:
            return  # Refused, which must leave everything as it was.

    # What staff do

    def approve(self) -> None:
        self._decide(reviews.approve)
        self.was_freed = True

    def reject(self) -> None:
        self._decide(reviews.reject)

    def _decide(self, how: Callable[..., Any]) -> None:
        how(review_id=self.id, actor_id=self.actor_id, reason="so", now=clock.now())

    def refund(self, amount: int) -> None:
        refund_payment(
            intent_id=self.id,
            amount_minor=amount,
            reason="so",
            actor_id=None,
            operation_id=new_id(),
            now=clock.now(),
        )

    # What the provider says

    def settle(self) -> None:
        self._say("succeeded", state="unknown")

    def fail(self) -> None:
        self._say("failed", state="unknown")

    def return_(self) -> None:
        """The money of a refund that had succeeded comes back."""
        self._say("failed", state="succeeded")

    def _say(self, word: str, *, state: str) -> None:
        refund = Refund.objects.filter(intent_id=self.id, state=state).order_by("id").first()
        if refund is not None:
            ref = refund.provider_ref or f"re_{refund.pk.hex}"
            refund_news(self.intent, word, refund.amount_minor, ref=ref, refund_id=refund.pk)

    def dashboard(self, amount: int) -> None:
        self.news += 1
        refund_news(self.intent, "succeeded", amount, ref=f"re_{self.id.hex}_{self.news}")

    def dispute(self, amount: int) -> None:
        self.news += 1
        dispute_news(self.intent, "opened", amount, ref=f"dp_{self.id.hex}_{self.news}")

    def won(self) -> None:
        self.was_freed |= self._close("won")

    def lost(self) -> None:
        self._close("lost")

    def _close(self, word: str) -> bool:
        known = Dispute.objects.filter(intent_id=self.id, state="opened").order_by("id").first()
        if known is not None:
            dispute_news(self.intent, word, known.amount_minor, ref=known.provider_ref)
        return known is not None

    # What must be true after each

    def check(self) -> None:
        assert reviews_hold_their_credits() == [] and violations() == []
        paid, debt = (
            Account.objects.get(key=personal_key(UUID(self.buyer.id), kind))
            for kind in (PAID, DEBT)
        )
        free = paid.balance - paid.held
        assert 0 <= free <= CREDITS
        assert self.was_freed or free == 0, f"{free} credits are free that nobody approved"
        assert self.was_freed or debt.balance == 0, "nobody owes what they could never spend"
        review = Review.objects.get(pk=self.id)
        assert review.held <= CREDITS
        assert review.held == 0 or review.state == "held"


setattr(Purchase, "return", Purchase.return_)


@pytest.mark.mongodb
def test_whatever_happens_to_a_purchase_under_review(settings: Any) -> None:
    actor_id = new_staff("finance").pk
    served = settings.PAYMENT_GATEWAYS
    settings.FRAUD_REVIEW_POINTS = 10

    @hypothesis_settings(
        max_examples=examples(small=12, ci=60, torture=1000),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.lists(STEPS, min_size=1, max_size=12))
    def run(steps: list[tuple[Any, ...]]) -> None:
        settings.PAYMENT_GATEWAYS = served
        purchase = Purchase(actor_id)
        settings.PAYMENT_GATEWAYS = DEAF
        purchase.check()
        for step in steps:
            purchase.step(*step)
            purchase.check()
        assert all_is_well()

    run()
