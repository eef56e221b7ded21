"""What is asked at each attempt to buy is bounded and answered by indexes, on both databases."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from pairly.accounts.models import Device
from pairly.core import clock
from pairly.core.ids import new_id
from payments.fraud import context
from payments.fraud.models import Band, FraudCheck, Review
from payments.fraud.selectors import checks_of, find_checks, find_reviews, reviews_waiting
from payments.intents.models import Intent, Observed
from payments.intents.states import Status
from payments.ledger.accounts import PAID, personal_key
from payments.models import Account, Transfer
from payments.tests.buyers import Buyer, deliver, stripe_event
from payments.tests.people import make_people
from payments.tests.test_fraud_context import PUBLIC, write
from tests.explain import assert_uses_index

pytestmark = pytest.mark.mongodb

ROWS = 120
QUERIES_MAX = 18


def fill() -> FraudCheck:
    """Many rows of four people; the last check."""
    now = clock.now()
    people = make_people(4)
    statuses, bands, states = list(Status), list(Band), list(Review.State)
    for number in range(ROWS):
        user_id = people[number % 4]
        check = FraudCheck(
            id=new_id(),
            user_id=user_id,
            number=number // 4 + 1,
            package="small",
            provider="stripe",
            amount_minor=5000,
            currency="INR",
            rule_set_id=1,
            points=number,
            band=bands[number % 3],
            hits=[],
            inputs={},
            created_at=now,
        )
        check.save()
        Review.objects.create(
            id=check.pk,
            user_id=user_id,
            credits=50,
            held=50,
            state=states[number // 4 % 4],
            created_at=now,
        )
        Intent.objects.create(
            id=check.pk,
            user_id=user_id,
            package_id="small",
            credits=50,
            amount_minor=5000,
            currency="INR",
            provider="stripe",
            status=statuses[number // 4 % len(statuses)],
            expires_at=now,
            created_at=now,
        )
        Device.objects.create(
            user_id=user_id,
            token_hash=new_id().hex,
            address=f"81.2.69.{number % 30}",
            last_used_at=now,
            expires_at=now,
            created_at=now,
        )
    return check


def gathered(read: Callable[[], Any], monkeypatch: Any) -> list["QuerySet[Any]"]:
    """The querysets that are read, as they are when they are read."""
    seen: list[QuerySet[Any]] = []
    original = QuerySet._fetch_all

    def noted(self: "QuerySet[Any]") -> None:
        if self._result_cache is None:
            seen.append(self.all())
        original(self)

    with monkeypatch.context() as watched:
        watched.setattr(QuerySet, "_fetch_all", noted)
        read()
    return seen


def test_every_read_of_the_context_uses_an_index(monkeypatch: Any) -> None:
    check = fill()
    buyer, fresh = Buyer(PUBLIC), Buyer(PUBLIC)
    intent = buyer.intent(package="large")
    deliver(stripe_event(intent))
    write(buyer, fresh.id, 25)
    Observed.objects.create(
        intent_id=check.pk, source="webhook", status="failed", observed_at=clock.now(),
        verdict="applied", created_at=clock.now(),
    )  # fmt: skip
    attempt = context.Attempt(
        id=new_id(),
        user=check.user,
        package="small",
        credits=50,
        provider="stripe",
        amount_minor=5000,
        currency="INR",
        like_minor=5000,
        address="81.2.69.7",
    )
    reads = gathered(lambda: context.gather(attempt, clock.now()), monkeypatch)
    tables = {rows.model for rows in reads}
    assert tables >= {FraudCheck, Intent, Observed, Device}
    for rows in reads:
        assert_uses_index(rows, documents_max=ROWS // 4 + 20)
    account = Account.objects.get(key=personal_key(check.user_id, PAID))
    charges = gathered(lambda: context._charges(account.pk, clock.now()), monkeypatch)
    assert [rows.model for rows in charges] == [Transfer]
    assert_uses_index(charges[0])


def test_the_number_of_queries_does_not_grow_with_history(settings: Any) -> None:
    settings.FRAUD_REVIEW_POINTS = settings.FRAUD_BLOCK_POINTS = 1000
    buyer, fresh = Buyer(PUBLIC), Buyer(PUBLIC)
    counts = []
    for _ in range(3):
        for _ in range(2):
            intent = buyer.intent(package="large")
            buyer.play(intent, "decline")
            buyer.play(intent, "succeed")
            write(buyer, fresh.id, 3)
        attempt = context.Attempt(
            id=new_id(),
            user=Device.objects.filter(user_id=buyer.id).select_related("user")[0].user,
            package="small",
            credits=50,
            provider="stripe",
            amount_minor=5000,
            currency="INR",
            like_minor=5000,
            address=PUBLIC,
        )
        with CaptureQueriesContext(connection) as queries:
            context.gather(attempt, clock.now())
        counts.append(len(queries))
    assert max(counts) <= QUERIES_MAX
    assert counts[1] == counts[2], counts


def test_lists_and_searches_of_staff_use_their_indexes() -> None:
    check = fill()
    for rows in (
        FraudCheck.objects.filter(band="block").order_by("-id"),
        FraudCheck.objects.order_by("-id"),
        reviews_waiting().order_by("-id"),
        Review.objects.filter(state="approved").order_by("-id"),
        checks_of(check.user_id),
    ):
        assert_uses_index(rows[:10], documents_max=12)
    for found in (
        find_checks(str(check.pk)),
        find_checks(str(check.user_id)),
        find_reviews(str(check.pk)),
        find_reviews(check.user.email),
    ):
        assert found.exists()
        assert_uses_index(found)
