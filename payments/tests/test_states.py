"""The table of an intent's states, and anything at all that a provider may say in any order."""

from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pairly.core import clock
from pairly.core.ids import new_id
from payments.gateways.base import Observation
from payments.intents.applying import apply, expire
from payments.intents.invariants import purchases_are_booked, receipts_have_no_gaps
from payments.intents.models import Intent, Observed
from payments.intents.states import CLOSED, OPEN, PAID, RANKS, Status, may_follow, standing
from payments.models import Package
from payments.selectors import wallet_of
from payments.tests.buyers import all_is_well
from payments.tests.people import make_people
from tests.sizes import examples

CREDITS, AMOUNT_MINOR, CURRENCY, REF = 50, 5000, "INR", "pi_1"


def test_the_table_is_complete_and_only_leads_upwards() -> None:
    assert set(RANKS) == set(Status) == OPEN | CLOSED
    for present in Status:
        for seen in Status:
            assert not (may_follow(present, seen) and may_follow(seen, present))
        assert not may_follow(present, present)
        assert may_follow(present, Status.SUCCEEDED) is (present not in PAID)
    assert "created" in OPEN and "succeeded" in CLOSED


def test_once_paid_no_word_about_the_payment_counts() -> None:
    for present in PAID:
        assert not any(may_follow(present, seen) for seen in Status)
    for present in set(Status) - PAID:
        assert not any(may_follow(present, seen) for seen in PAID - {Status.SUCCEEDED})


@pytest.mark.parametrize(
    ("refunded", "disputes", "expected"),
    [
        (0, [], "succeeded"),
        (1, [], "partially_refunded"),
        (100, [], "refunded"),
        (0, ["disputed"], "disputed"),
        (100, ["disputed"], "disputed"),
        (0, ["dispute_won"], "dispute_won"),
        (1, ["dispute_won"], "dispute_won"),
        (100, ["dispute_won"], "refunded"),
        (0, ["dispute_lost"], "dispute_lost"),
        (100, ["dispute_lost"], "dispute_lost"),
        (0, ["dispute_won", "disputed"], "disputed"),
        (0, ["dispute_lost", "disputed"], "disputed"),
        (0, ["dispute_won", "dispute_lost"], "dispute_lost"),
    ],
)
def test_where_a_paid_intent_stands(refunded: int, disputes: list[Any], expected: str) -> None:
    for order in permutations([Status(one) for one in disputes]):
        stands = standing(amount_minor=100, refunded_minor=refunded, disputes=order)
        assert stands == expected


def make_intent(user_id: UUID, ref: str) -> Intent:
    now = clock.now()
    return Intent.objects.create(
        user_id=user_id,
        package=Package.objects.get(code="small"),
        credits=CREDITS,
        amount_minor=AMOUNT_MINOR,
        currency=CURRENCY,
        provider="stripe",
        provider_ref=ref,
        expires_at=now,
        follow_up_at=now,
        created_at=now,
    )


SAID: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    status=st.sampled_from(list(Status)),
    amount_minor=st.sampled_from([AMOUNT_MINOR, AMOUNT_MINOR, AMOUNT_MINOR, AMOUNT_MINOR - 1]),
    currency=st.sampled_from([CURRENCY, CURRENCY, CURRENCY, "USD"]),
    is_other=st.sampled_from([False, False, False, True]),
    again=st.booleans(),
)


@pytest.mark.mongodb
@settings(
    max_examples=examples(small=30, ci=60, torture=2000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(said=st.lists(st.one_of(SAID, st.just("expire")), max_size=12))
def test_whatever_a_provider_says_credits_come_once_or_not_at_all(said: list[Any]) -> None:
    (user_id,) = make_people(1)
    intent = make_intent(user_id, f"pi_{new_id().hex}")
    rank, proved = RANKS[Status(intent.status)], False
    for one in said:
        if one == "expire":
            expire(intent_id=intent.pk, now=clock.now() + timedelta(days=1))
        else:
            say(intent, one)
            proved = proved or is_proof(one)
        intent.refresh_from_db()
        assert RANKS[Status(intent.status)] >= rank
        rank = RANKS[Status(intent.status)]
        assert (intent.status == Status.SUCCEEDED) is proved
        assert wallet_of(user_id).available == (CREDITS if proved else 0)
    assert purchases_are_booked() == receipts_have_no_gaps() == []


def say(intent: Intent, one: dict[str, Any]) -> None:
    seen = Observation(
        provider="stripe",
        ref="pi_other" if one["is_other"] else intent.provider_ref,
        intent_id=None,
        status=one["status"],
        amount_minor=one["amount_minor"],
        received_minor=one["amount_minor"] if one["status"] is Status.SUCCEEDED else None,
        currency=one["currency"],
        at=clock.now(),
    )
    observed_id = new_id()
    for _ in range(2 if one["again"] else 1):
        apply(
            intent_id=intent.pk,
            seen=seen,
            source=Observed.Source.WEBHOOK,
            now=clock.now(),
            observed_id=observed_id,
        )
    assert Observed.objects.filter(pk=observed_id).count() == 1


def is_proof(one: dict[str, Any]) -> bool:
    is_ours = one["amount_minor"] == AMOUNT_MINOR and one["currency"] == CURRENCY
    return one["status"] is Status.SUCCEEDED and is_ours and not one["is_other"]


@pytest.mark.mongodb
def test_the_invariants_see_what_is_wrong() -> None:
    (user_id,) = make_people(1)
    intent = make_intent(user_id, REF)
    assert all_is_well()
    Intent.objects.filter(pk=intent.pk).update(status=Status.SUCCEEDED)
    assert len(purchases_are_booked()) == 2
    assert len(receipts_have_no_gaps()) == 1
