"""Anything that may happen to somebody's purchases, in any order, against a plain model."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pairly.core import clock
from pairly.core.ids import new_id
from payments.errors import CreditsSpent, InsufficientCredits, PaymentDisputed, RefundTooLarge
from payments.gateways.base import Observation
from payments.intents.applying import apply
from payments.intents.models import Intent, Observed
from payments.intents.states import Status
from payments.ledger.accounts import DEBT, PAID, personal_key
from payments.ledger.books import ACCOUNTS
from payments.models import Dispute, Package, Refund
from payments.refunds.services import refund_payment
from payments.tests.buyers import books_agree
from payments.tests.desk import dispute_news, refund_news
from payments.tests.gateways import DEAF
from payments.tests.people import charge, make_people
from tests.sizes import examples

CREDITS, AMOUNT_MINOR = 120, 10_007
"""A price that no number of credits divides."""


@dataclass
class Sale:
    """A purchase and what the model knows of its money; refunds and disputes by the provider's
    id, as (amount, state)."""

    intent: Intent
    refunds: dict[str, tuple[int, str]] = field(default_factory=dict)
    disputes: dict[str, tuple[int, str]] = field(default_factory=dict)

    def sum(self, of: str, *states: str) -> int:
        return sum(amount for amount, state in getattr(self, of).values() if state in states)

    @property
    def left(self) -> int:
        gone = self.sum("refunds", "unknown", "pending", "succeeded")
        return AMOUNT_MINOR - gone - self.sum("disputes", "opened", "lost")

    @property
    def status(self) -> str:
        states = {state for _amount, state in self.disputes.values()}
        back = self.sum("refunds", "succeeded")
        if "opened" in states:
            return "disputed"
        if "lost" in states:
            return "dispute_lost"
        if back == AMOUNT_MINOR:
            return "refunded"
        if "won" in states:
            return "dispute_won"
        return "partially_refunded" if back else "succeeded"


class Story:
    """What a buyer, staff, the provider and the bank do, each checked against the model."""

    def __init__(self, books_debt: bool) -> None:
        self.user, self.other = make_people(2)
        self.books_debt = books_debt
        self.sales: list[Sale] = []
        self.spent = 0

    def buy(self) -> None:
        now = clock.now()
        intent = Intent.objects.create(
            user_id=self.user,
            package=Package.objects.get(code="medium"),
            credits=CREDITS,
            amount_minor=AMOUNT_MINOR,
            currency="INR",
            provider="stripe",
            provider_ref=f"pi_{new_id().hex}",
            expires_at=now,
            created_at=now,
        )
        paid = Observation(
            provider="stripe",
            ref=intent.provider_ref,
            intent_id=None,
            status=Status.SUCCEEDED,
            amount_minor=AMOUNT_MINOR,
            received_minor=AMOUNT_MINOR,
            currency="INR",
            at=now,
        )
        apply(intent_id=intent.pk, seen=paid, source=Observed.Source.POLL, now=now)
        self.sales.append(Sale(intent))

    def spend(self, part: float) -> None:
        balance, held, owed = self.pockets()
        credits = max(1, int((balance - held) * part))
        if owed or credits > balance - held:
            with pytest.raises(InsufficientCredits):
                charge(self.user, self.other, credits, f"message:{new_id()}")
        else:
            charge(self.user, self.other, credits, f"message:{new_id()}")
            self.spent += credits

    def refund(self, sale: Sale, part: float) -> None:
        """By staff; the provider does not answer, so that its news decide."""
        amount, refund_id = max(1, int(AMOUNT_MINOR * part)), new_id()
        refusals: tuple[type[Exception], ...] = ()
        if sale.sum("disputes", "opened"):
            refusals = (PaymentDisputed,)
        elif amount > sale.left:
            refusals = (RefundTooLarge,)
        elif not self.books_debt:
            refusals = (CreditsSpent,)
        try:
            self.ask(sale, amount, refund_id)
        except refusals:
            assert not Refund.objects.filter(pk=refund_id).exists()
        else:
            assert refusals in ((), (CreditsSpent,))
            sale.refunds[str(refund_id)] = (amount, "unknown")

    def ask(self, sale: Sale, amount: int, refund_id: UUID) -> None:
        for _ in range(2):
            refund_payment(
                intent_id=sale.intent.pk,
                amount_minor=amount,
                reason="so",
                actor_id=None,
                operation_id=refund_id,
                now=clock.now(),
            )

    def refund_in_dashboard(self, sale: Sale, part: float) -> None:
        amount, ref = max(1, int(AMOUNT_MINOR * part)), new_id()
        if amount <= AMOUNT_MINOR - sale.sum("refunds", "unknown", "pending", "succeeded"):
            sale.refunds[str(ref)] = (amount, "unknown")
            self.hear_of_refund(sale, str(ref), "pending")
        else:
            with pytest.raises(RefundTooLarge):
                refund_news(told(sale), "succeeded", amount, ref=str(ref))

    def hear_of_refund(self, sale: Sale, ref: str, state: str) -> None:
        amount, known = sale.refunds[ref]
        order = ("unknown", "pending", "succeeded", "failed")
        refund_news(told(sale), state, amount, ref=ref, refund_id=UUID(ref))
        if order.index(state) > order.index(known):
            sale.refunds[ref] = (amount, state)

    def dispute(self, sale: Sale, part: float, state: str) -> None:
        """One that is open gets its decision, else there is a new one."""
        for ref, (amount, known) in sale.disputes.items():
            if known == "opened":
                dispute_news(told(sale), state, amount, ref=ref)
                sale.disputes[ref] = (amount, state)
                return
        amount, ref = max(1, int(AMOUNT_MINOR * part)), f"dp_{new_id()}"
        dispute_news(told(sale), state, amount, ref=ref)
        sale.disputes[ref] = (amount, state)

    def pockets(self) -> tuple[int, int, int]:
        keys = [personal_key(self.user, kind) for kind in (PAID, DEBT)]
        rows = {row[1]: row for row in ACCOUNTS.select("key", keys)}
        return rows[keys[0]][2], rows[keys[0]][3], rows[keys[1]][2]

    def check(self) -> None:
        balance, held, owed = self.pockets()
        taken = sum(self.check_sale(sale) for sale in self.sales)
        assert balance - owed == CREDITS * len(self.sales) - self.spent - taken
        assert 0 <= held <= balance
        assert not owed or self.spent
        open_ones = sum(
            sale.sum("refunds", "unknown", "pending") + sale.sum("disputes", "opened")
            for sale in self.sales
        )
        assert bool(open_ones) or not held

    def check_sale(self, sale: Sale) -> int:
        """The credits that are taken for it."""
        intent = Intent.objects.get(pk=sale.intent.pk)
        assert intent.status == sale.status
        back, lost = sale.sum("refunds", "succeeded"), sale.sum("disputes", "lost")
        assert (intent.refunded_minor, intent.lost_minor) == (back, lost)
        taken = [
            one.credits
            for rows, settled in (
                (Refund.objects.filter(intent_id=intent.pk), ("succeeded", "failed")),
                (Dispute.objects.filter(intent_id=intent.pk), ("lost", "won")),
            )
            for one in rows
            if one.state in settled
        ]
        fair = min(AMOUNT_MINOR, back + lost) * CREDITS / AMOUNT_MINOR
        claims = len(sale.refunds) + len(sale.disputes)
        is_open = sale.sum("refunds", "unknown", "pending") + sale.sum("disputes", "opened")
        assert sum(taken) <= CREDITS
        assert is_open or abs(sum(taken) - fair) <= max(1, claims - 1)
        return sum(taken)


def told(sale: Sale) -> dict[str, Any]:
    return {"id": sale.intent.pk}


PART = st.sampled_from([0.1, 0.25, 0.5, 1.0])
WHICH = st.integers(0, 9)
STEPS = st.one_of(
    st.tuples(st.just("buy")),
    st.tuples(st.just("spend"), PART),
    st.tuples(st.just("refund"), WHICH, PART),
    st.tuples(st.just("refund_in_dashboard"), WHICH, PART),
    st.tuples(
        st.just("hear_of_refund"), WHICH, WHICH, st.sampled_from(["pending", "succeeded", "failed"])
    ),
    st.tuples(st.just("dispute"), WHICH, PART, st.sampled_from(["opened", "won", "lost"])),
)


@pytest.mark.mongodb
@pytest.mark.parametrize("books_debt", [True, False])
@settings(
    max_examples=examples(small=20, ci=100, torture=2000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEPS, max_size=15))
def test_whatever_happens_nobody_loses_or_gains(
    steps: list[Any], books_debt: bool, request: pytest.FixtureRequest
) -> None:
    configured = request.getfixturevalue("settings")
    configured.REFUND_BOOKS_DEBT, configured.PAYMENT_GATEWAYS = books_debt, DEAF
    story = Story(books_debt)
    story.buy()
    for name, *values in steps:
        if name == "buy" or name == "spend":
            getattr(story, name)(*values)
        elif name == "hear_of_refund":
            sale = story.sales[values[0] % len(story.sales)]
            if sale.refunds:
                refs = list(sale.refunds)
                story.hear_of_refund(sale, refs[values[1] % len(refs)], values[2])
        else:
            sale = story.sales[values[0] % len(story.sales)]
            getattr(story, name)(sale, *values[1:])
        story.check()
    assert books_agree()
