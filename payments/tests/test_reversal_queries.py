"""What is asked often of refunds and disputes is answered by an index, on both databases."""

from datetime import timedelta
from itertools import cycle
from typing import Any

import pytest
from django.db.models import QuerySet

from pairly.core import clock
from pairly.core.ids import new_id
from payments.disputes import states as dispute_states
from payments.disputes.selectors import (
    dispute_of,
    disputes_of,
    disputes_of_intent,
    find_disputes,
    open_disputes,
)
from payments.gateways.base import DisputeSeen, DisputeState, RefundSeen, RefundState
from payments.models import Dispute, Intent, Refund
from payments.refunds import states as refund_states
from payments.refunds.following import due_refunds
from payments.refunds.selectors import (
    find_refunds,
    refund_of,
    refunds_of,
    refunds_of_intent,
    unsettled_refunds,
)
from payments.tests.people import make_people
from tests.explain import assert_uses_index

pytestmark = pytest.mark.mongodb

ROWS = 120


def fill() -> tuple[Refund, Dispute]:
    """Many rows of other people and states; one of each that is looked for."""
    now, people = clock.now(), make_people(4)
    states = zip(cycle(refund_states.State), cycle(dispute_states.State), range(ROWS), strict=False)
    for refund_state, dispute_state, number in states:
        intent = Intent.objects.create(
            user_id=people[number % 4],
            package_id="small",
            credits=50,
            amount_minor=5000 + number % 7,
            currency=("INR", "USD")[number % 2],
            provider=("stripe", "razorpay")[number % 2],
            provider_ref=f"ref_{number}",
            status="succeeded",
            expires_at=now,
            created_at=now,
        )
        common: dict[str, Any] = {
            "intent": intent,
            "user_id": intent.user_id,
            "amount_minor": 1,
            "credits": 1,
            "provider": intent.provider,
            "provider_ref": f"back_{number}",
            "created_at": now,
        }
        due = now + timedelta(minutes=number) if number % 10 == 0 else None
        refund = Refund.objects.create(state=refund_state, follow_up_at=due, **common)
        dispute = Dispute.objects.create(state=dispute_state, **common)
    return refund, dispute


def test_lists_and_searches_use_their_indexes() -> None:
    refund, dispute = fill()
    newest: list[QuerySet[Any]] = [
        refunds_of(refund.user_id),
        Refund.objects.filter(state="pending"),
        Refund.objects.filter(provider="stripe"),
        Refund.objects.all(),
        disputes_of(dispute.user_id),
        Dispute.objects.filter(state="lost"),
        Dispute.objects.filter(provider="stripe"),
        Dispute.objects.all(),
        Intent.objects.filter(currency="INR", amount_minor=5003),
    ]
    for rows in newest:
        assert_uses_index(rows.order_by("-id")[:10], documents_max=12)
    for rows in (
        due_refunds(clock.now() + timedelta(seconds=1)),
        unsettled_refunds(),
        open_disputes(),
        find_refunds(str(refund.pk)),
        find_refunds(refund.provider_ref),
        find_disputes(str(dispute.pk)),
        find_disputes(dispute.provider_ref),
        Refund.objects.filter(intent_id=refund.intent_id).order_by("id"),
        Dispute.objects.filter(intent_id=dispute.intent_id).order_by("id"),
    ):
        assert_uses_index(rows)
    assert not refunds_of(new_id()).exists() and not disputes_of(new_id()).exists()


def test_what_a_provider_speaks_of_is_found_by_its_id() -> None:
    refund, dispute = fill()
    common: dict[str, Any] = {
        "intent_id": None,
        "payment_ref": "",
        "amount_minor": 1,
        "currency": "INR",
        "at": clock.now(),
    }
    ours: dict[str, Any] = {"state": RefundState.PENDING, "provider": refund.provider}
    for ref, refund_id in ((refund.provider_ref, None), ("", refund.pk), ("other", refund.pk)):
        seen = RefundSeen(ref=ref, refund_id=refund_id, **ours, **common)
        assert refund_of(seen) == refund
    assert refund_of(RefundSeen(ref="other", refund_id=None, **ours, **common)) is None
    spoken_of = DisputeSeen(
        ref=dispute.provider_ref, provider=dispute.provider, state=DisputeState.WON, **common
    )
    assert dispute_of(spoken_of) == dispute
    assert refunds_of_intent(refund.intent_id) == [refund]
    assert disputes_of_intent(dispute.intent_id) == [dispute]
    assert_uses_index(
        Refund.objects.filter(provider=refund.provider, provider_ref=refund.provider_ref)
    )
    assert_uses_index(
        Dispute.objects.filter(provider=dispute.provider, provider_ref=dispute.provider_ref)
    )
