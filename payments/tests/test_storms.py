"""Storms: buyers, two providers, staff and crashes do anything at all in any order.

Providers' events are doubled, reordered, late or lost; the process dies between any two writes.
In the end what we believe is what the providers' own books say, to the credit, and nothing waits.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
import time_machine
from django.conf import settings as configured
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pairly.core import clock, signing
from pairly.core.errors import PairlyError
from pairly.core.ids import new_id
from pairly.outbox.dispatch import dispatch_all
from pairly.outbox.models import OutboxEvent
from payments.disputes.models import Dispute
from payments.gateways.base import DisputeState, MockGateway, RefundState
from payments.gateways.models import MockDispute, MockPayment, MockRefund
from payments.gateways.registry import gateway_named, provider_names
from payments.intents.models import Intent
from payments.intents.selectors import order_of
from payments.intents.services import cancel_intent
from payments.intents.states import OPEN, PAID, Status
from payments.ledger.models import OpenHold, Transfer
from payments.models import Webhook
from payments.refunds.models import Refund
from payments.refunds.services import refund_payment
from payments.refunds.states import UNSETTLED
from payments.selectors import wallet_of
from payments.tasks import (
    expire_intents,
    poll_payments,
    process_webhooks,
    reconcile_providers,
)
from payments.tests.buyers import Buyer, all_is_well, deliver, deliver_razorpay
from payments.tests.crashes import Killed
from payments.tests.killer import Killer
from payments.tests.people import charge, make_people
from payments.webhooks.processing import DUE_STATES
from tests.databases import EmptiedDatabase
from tests.sizes import examples

BUYERS = 2
HEALING = [timedelta(minutes=6)] * 6 + [timedelta(hours=1)] * 4 + [timedelta(hours=13)] * 3

BEFORE_PAID = ("succeed", "decline", "require_action", "delay", "duplicate", "reorder", "lose")
AFTER_PAID = (
    "refund",
    "refund_fails",
    "dispute",
    "dispute",
    "dispute_won",
    "dispute_lost",
    "wrong_amount",
)

number = st.integers(0, 9)
dies = st.none() | st.integers(0, 25)

Step = tuple[str, int, Any, int | None]
"""What, which one, how, and at which step of it the process dies."""

KINDS: dict[str, st.SearchStrategy[Step]] = {
    "buy": st.tuples(st.just("buy"), number, st.sampled_from(["stripe", "razorpay"]), dies),
    "pays": st.tuples(st.just("happens"), number, st.sampled_from(BEFORE_PAID), st.none()),
    "happens": st.tuples(st.just("happens"), number, st.sampled_from(AFTER_PAID), st.none()),
    "deliver": st.tuples(st.just("deliver"), number, st.booleans(), dies),
    "lose": st.tuples(st.just("lose"), number, st.none(), st.none()),
    "refund": st.tuples(st.just("refund"), number, st.sampled_from([None, 1, 777, 2500]), dies),
    "cancel": st.tuples(st.just("cancel"), number, st.none(), dies),
    "spend": st.tuples(st.just("spend"), number, st.sampled_from([1, 20, 50, 70]), dies),
    "wait": st.tuples(st.just("wait"), st.sampled_from([1, 40, 700, 4000]), st.none(), st.none()),
    "jobs": st.tuples(st.just("jobs"), number, st.none(), dies),
}
OFTEN = (
    "happens",
    "happens",
    "happens",
    "deliver",
    "deliver",
    "refund",
    "refund",
    "spend",
    "spend",
    "jobs",
)
steps_of = st.sampled_from([*KINDS, *OFTEN]).flatmap(KINDS.__getitem__)
purchase = st.tuples(
    KINDS["buy"], st.just(("happens", -1, "succeed", None)), st.just(("deliver", -1, True, None))
)
"""The newest intent is paid, and we hear of it."""
STORMS: st.SearchStrategy[list[Step]] = st.builds(
    lambda purchases, steps: [*(step for one in purchases for step in one), *steps],
    st.lists(purchase, min_size=1, max_size=3),
    st.lists(steps_of, min_size=4, max_size=20),
)


@dataclass
class Told:
    """An event that a provider has sent and that is still under way."""

    provider: str
    body: bytes
    event_id: str

    @property
    def is_of_a_dispute(self) -> bool:
        """No poll finds these, so they are never lost: providers send for days."""
        return b"dispute" in self.body[:400]


@dataclass
class World:
    """What is outside of our process, and what a plain model says must come of it."""

    time: Any
    killer: Killer
    buyers: list[Buyer]
    spent: Counter[str] = field(default_factory=Counter)
    under_way: list[Told] = field(default_factory=list)
    other: UUID = field(default_factory=lambda: make_people(1)[0])

    def do(self, kind: str, choice: int, value: Any, dies_at: int | None) -> None:
        act: Callable[[int, Any], Any] = getattr(self, f"_{kind}")
        self.killer.dies_at(dies_at, lambda: act(choice, value))

    # What people and staff do

    def _buy(self, choice: int, provider: str) -> None:
        buyer = self.buyers[choice % BUYERS]
        assert buyer.begin(provider=provider).status_code == 201

    def _cancel(self, choice: int, _value: None) -> None:
        if intent := self._intent(choice):
            with suppress(PairlyError):
                cancel_intent(user_id=intent.user_id, intent_id=intent.pk, now=clock.now())

    def _refund(self, choice: int, amount_minor: int | None) -> None:
        if intent := self._intent(choice):
            with suppress(PairlyError):
                refund_payment(
                    intent_id=intent.pk,
                    amount_minor=amount_minor,
                    reason="asked for",
                    actor_id=None,
                    operation_id=new_id(),
                    now=clock.now(),
                )

    def _spend(self, choice: int, credits: int) -> None:
        buyer = self.buyers[choice % BUYERS]
        operation = f"message:{uuid4()}"
        try:
            charge(UUID(buyer.id), self.other, credits, operation)
        except PairlyError:
            return
        except Killed:  # maybe after the commit, when nobody is told any more
            if Transfer.objects.filter(group=operation).exists():
                self.spent[buyer.id] += credits
            raise
        self.spent[buyer.id] += credits

    # What happens at the providers

    def _happens(self, choice: int, outcome: str) -> None:
        if intent := self._intent(choice):
            gateway = cast(MockGateway, gateway_named(intent.provider))
            with suppress(PairlyError):
                self._tell(intent.provider, gateway.play(order_of(intent), outcome, clock.now()))

    def _tell(self, provider: str, events: list[Any]) -> None:
        for event in events:
            event_id = event.headers.get("x-razorpay-event-id", "")
            self.under_way.append(Told(provider, event.body, event_id))

    def _deliver(self, choice: int, keep: bool) -> None:
        if not self.under_way:
            return
        place = choice % len(self.under_way)
        told = self.under_way[place] if keep else self.under_way.pop(place)
        try:
            self._bring(told)
        except BaseException:
            self.under_way.append(told)  # never answered, so it is sent again
            raise

    @staticmethod
    def _bring(told: Told) -> None:
        if told.provider == "stripe":
            answer = deliver(told.body)
        else:
            answer = deliver_razorpay(told.body, event_id=told.event_id)
        assert answer.status_code == 200, answer.json()

    def _lose(self, choice: int, _value: None) -> None:
        if self.under_way:
            told = self.under_way.pop(choice % len(self.under_way))
            if told.is_of_a_dispute:
                self.under_way.append(told)

    # Time

    def _wait(self, seconds: int, _value: None) -> None:
        self.time.shift(timedelta(seconds=seconds))

    def _jobs(self, _choice: int, _value: None) -> None:
        for provider in provider_names():
            self._tell(provider, cast(MockGateway, gateway_named(provider)).settle(clock.now()))
        poll_payments()
        expire_intents()
        process_webhooks()
        dispatch_all()

    def heal(self) -> None:
        """Nobody does anything more: what is under way arrives, and the clock runs on."""
        for pause in HEALING:
            for told in self.under_way:
                if told.is_of_a_dispute:
                    self._bring(told)
            self.under_way = [one for one in self.under_way if not one.is_of_a_dispute]
            self.time.shift(pause)
            self._jobs(0, None)
        reconcile_providers()  # finds what nobody told us of and no poll asks for
        self._jobs(0, None)

    def _intent(self, choice: int) -> Intent | None:
        intents = list(Intent.objects.order_by("pk"))
        return intents[choice % len(intents)] if intents else None


def claimed_minor(payment: MockPayment) -> int:
    """What went back for good, by the provider's own books."""
    refunded = MockRefund.objects.filter(payment=payment, state=RefundState.SUCCEEDED)
    lost = MockDispute.objects.filter(payment=payment, state=DisputeState.LOST)
    gone = sum(one.amount_minor for one in refunded) + sum(one.amount_minor for one in lost)
    return min(payment.amount_minor, gone)


def came_to_nothing(intent: Intent) -> int:
    """Refunds and disputes that took nothing, also those of which the provider never heard."""
    refunds = Refund.objects.filter(intent=intent).exclude(state=RefundState.SUCCEEDED)
    disputes = Dispute.objects.filter(intent=intent).exclude(state=DisputeState.LOST)
    return refunds.count() + disputes.count()


def check_intent(intent: Intent) -> tuple[int, int]:
    """That we believe what the provider's books say. The credits that are left of the purchase,
    and by how many they may differ: those that stay keep what they were rounded to beside others
    that came to nothing later."""
    payment = MockPayment.objects.filter(intent_id=intent.pk).first()
    if payment is None or payment.status != Status.SUCCEEDED:
        assert intent.status not in PAID and intent.status not in OPEN, intent
        return 0, 0
    assert intent.status in PAID, (intent, payment.status)
    refunds = MockRefund.objects.filter(payment=payment, state=RefundState.SUCCEEDED)
    assert intent.refunded_minor == sum(one.amount_minor for one in refunds)
    theirs = {one.state for one in MockDispute.objects.filter(payment=payment)}
    assert {one.state for one in Dispute.objects.filter(intent=intent)} == theirs
    gone = claimed_minor(payment)
    taken = gone * intent.credits // intent.amount_minor
    is_cut = 0 < gone < payment.amount_minor
    return intent.credits - taken, came_to_nothing(intent) if is_cut else 0


def nothing_waits() -> None:
    waiting = Webhook.objects.filter(state__in=[*DUE_STATES, Webhook.State.DEAD])
    assert not list(waiting.values_list("type", "state", "last_error"))
    assert not list(OutboxEvent.objects.exclude(state=OutboxEvent.State.DONE))
    assert not list(Refund.objects.filter(state__in=UNSETTLED))
    disputes = {f"dispute:{one.pk}" for one in Dispute.objects.filter(state="opened")}
    holds = set(OpenHold.objects.values_list("pk", flat=True))
    assert all(one.rpartition("/")[0] in disputes for one in holds), holds


def weather(steps: list[Step]) -> None:
    killer = Killer()
    with time_machine.travel(clock.now(), tick=False) as time, killer.watching():
        world = World(time, killer, [Buyer() for _ in range(BUYERS)])
        for step in steps:
            world.do(*step)
        world.heal()
        left: dict[str, int] = {buyer.id: buyer.bonus for buyer in world.buyers}
        slack: Counter[str] = Counter()
        for intent in Intent.objects.all():
            credits, rounding = check_intent(intent)
            left[str(intent.user_id)] += credits
            slack[str(intent.user_id)] += rounding
        for buyer in world.buyers:
            wallet = wallet_of(UUID(buyer.id))
            expected = left[buyer.id] - world.spent[buyer.id]
            assert abs(wallet.balance - wallet.debt - expected) <= slack[buyer.id]
            assert wallet.available >= 0 and not (wallet.available and wallet.debt)
        nothing_waits()
        assert all_is_well()


TWO_REFUNDS_THE_FIRST_FAILS: list[Step] = [
    ("buy", 0, "stripe", None),
    ("happens", -1, "succeed", None),
    ("deliver", -1, True, None),
    ("refund", 0, 1, 10),
    ("refund", 0, None, None),
    ("happens", 0, "refund_fails", None),
]
"""Rounded together they take everything; the second alone would have taken a credit less."""
DISPUTED_BETWEEN_TWO_REFUNDS: list[Step] = [
    *TWO_REFUNDS_THE_FIRST_FAILS[:-1],
    ("happens", 0, "dispute", None),
]

DIES_RIGHT_AFTER_CHARGES: list[Step] = [
    *TWO_REFUNDS_THE_FIRST_FAILS[:3],
    ("spend", 0, 70, 12),
    ("spend", 1, 20, 12),
]
"""Of paid and bonus credits, and of bonus alone, which is one transfer."""
FAILURE_AT_THE_PROVIDER_IS_LOST: list[Step] = [
    ("buy", 0, "razorpay", None),
    *TWO_REFUNDS_THE_FIRST_FAILS[1:3],
    ("happens", 0, "refund_fails", None),
    ("happens", 0, "dispute", None),
    ("happens", 0, "dispute_won", None),
    ("happens", 0, "refund", None),
    ("deliver", 8, False, None),
]
"""We hear that a refund was begun in the dashboard, and not what became of it."""


@pytest.fixture
def no_questions_asked(settings: Any) -> None:
    """Whether a purchase is suspicious has stories of its own."""
    settings.FRAUD_REVIEW_POINTS = settings.FRAUD_BLOCK_POINTS = 100_000


@pytest.mark.mongodb
@pytest.mark.usefixtures("no_questions_asked")
@example(steps=TWO_REFUNDS_THE_FIRST_FAILS)
@example(steps=DISPUTED_BETWEEN_TWO_REFUNDS)
@example(steps=DIES_RIGHT_AFTER_CHARGES)
@example(steps=FAILURE_AT_THE_PROVIDER_IS_LOST)
@settings(
    max_examples=examples(small=120, ci=500, torture=4_000) // (10 if configured.MONGODB else 1),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(steps=STORMS)
def test_whatever_the_weather_the_books_are_right(
    migrated_database: EmptiedDatabase, steps: list[Step]
) -> None:
    migrated_database.reset()
    for file in signing.head_files():
        file.path.unlink(missing_ok=True)
    weather(steps)
