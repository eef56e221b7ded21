"""What payments came to by day, against plain sums kept beside; whatever is counted, when, and how
often."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db.models import Sum

from pairly.core import clock
from pairly.core.days import Days
from pairly.core.db import run_atomic
from pairly.core.ids import new_id
from payments.disputes.applying import apply_dispute
from payments.gateways.base import (
    DisputeSeen,
    DisputeState,
    Observation,
    RefundSeen,
    RefundState,
)
from payments.intents.applying import apply
from payments.intents.states import Status
from payments.ledger.accounts import FEES, SALES, clearing_kind, house_key, personal_key
from payments.ledger.sealing import seal_waiting
from payments.ledger.services import account_ids, pending, post, resolution
from payments.ledger.transfers import Posting, meta_text
from payments.models import Account, CreditDay, Intent, Observed, Outstanding, RevenueDay
from payments.refunds.applying import apply_refund
from payments.reports.invariants import reports_come_to_what_the_chain_says
from payments.reports.rolling import rebuild_from_ledger, roll_up_ledger
from payments.reports.selectors import POCKETS, liability
from payments.services import Grant, grant_many
from payments.tests.buyers import at_once
from payments.tests.people import charge, good, make_people
from payments.tests.statements import PACKAGES
from tests.sizes import examples

pytestmark = pytest.mark.mongodb

FIRST = datetime(2026, 3, 29, tzinfo=UTC)
DAYS = 5
STEPS = 40


class Trade:
    """Random trade, and plain sums of it by day."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.people = make_people(3)
        self.revenue: Counter[tuple[date, str, str, str, str]] = Counter()
        self.pockets: Counter[tuple[date, str]] = Counter()
        self.paid: list[tuple[Intent, int]] = []
        self.refunds: list[tuple[Intent, RefundSeen]] = []
        self.disputes: list[tuple[Intent, DisputeSeen]] = []
        self.holds: list[Posting] = []
        self.now = FIRST

    def step(self) -> None:
        """Something happens at some time; what people own before and after tells its credits."""
        self.now = FIRST + self.random.randrange(DAYS * 86_400_000) * timedelta(milliseconds=1)
        what = self.random.choice(
            [self.buy, self.buy, self.refund, self.fail, self.dispute, self.decide, self.fee]
            + [self.spend, self.spend, self.give, self.hold, self.end]
        )
        before = self.owned()
        with time_machine.travel(self.now, tick=False):
            what()
        after = self.owned()
        for pocket in POCKETS:
            self.pockets[self.now.date(), pocket] += after[pocket] - before[pocket]

    def owned(self) -> Counter[str]:
        groups = Account.objects.exclude(owner=None).values("kind").order_by()
        found: Counter[str] = Counter()
        for one in groups.annotate(balance=Sum("balance"), held=Sum("held")):
            found[one["kind"]] += one["balance"]
            found["held"] += one["held"]
        return found

    def earn(self, intent: Intent, column: str, amount: int) -> None:
        key = (self.now.date(), intent.provider, intent.package_id, intent.currency, column)
        self.revenue[key] += amount

    def buy(self) -> None:
        package = self.random.choice(list(PACKAGES))
        credits, *amounts = PACKAGES[package]
        which = self.random.randrange(2)
        intent = Intent.objects.create(
            user_id=self.random.choice(self.people),
            package_id=package,
            credits=credits,
            amount_minor=amounts[which],
            currency=("INR", "USD")[which],
            provider=self.random.choice(["stripe", "razorpay"]),
            provider_ref=uuid4().hex,
            status=Status.CREATED,
            expires_at=self.now,
            created_at=self.now,
        )
        seen = Observation(
            provider=intent.provider,
            ref=intent.provider_ref,
            intent_id=intent.pk,
            status=Status.SUCCEEDED,
            amount_minor=intent.amount_minor,
            received_minor=intent.amount_minor,
            currency=intent.currency,
            at=self.now,
        )
        apply(intent_id=intent.pk, seen=seen, source=Observed.Source.POLL, now=self.now)
        self.paid.append((intent, intent.amount_minor))
        self.earn(intent, "gross_minor", intent.amount_minor)
        self.earn(intent, "purchases", 1)

    def refund(self) -> None:
        if not self.paid:
            return
        intent, left = self.paid.pop(self.random.randrange(len(self.paid)))
        amount = self.random.randint(1, left)
        seen = self.refund_seen(intent, amount, RefundState.SUCCEEDED)
        apply_refund_of(intent, seen, self.now)
        self.earn(intent, "refunds_minor", amount)
        self.refunds.append((intent, seen))

    def fail(self) -> None:
        if not self.refunds:
            return
        intent, seen = self.refunds.pop()
        failed = self.refund_seen(intent, seen.amount_minor, RefundState.FAILED, seen.ref)
        apply_refund_of(intent, failed, self.now)
        self.earn(intent, "refunds_minor", -seen.amount_minor)

    def refund_seen(
        self, intent: Intent, amount: int, state: RefundState, ref: str = ""
    ) -> RefundSeen:
        return RefundSeen(
            provider=intent.provider,
            ref=ref or uuid4().hex,
            refund_id=None,
            intent_id=intent.pk,
            payment_ref=intent.provider_ref,
            state=state,
            amount_minor=amount,
            currency=intent.currency,
            at=self.now,
        )

    def dispute(self) -> None:
        if not self.paid:
            return
        intent, left = self.paid.pop(self.random.randrange(len(self.paid)))
        seen = self.dispute_seen(intent, left, DisputeState.OPENED)
        apply_dispute_of(intent, seen, self.now)
        self.earn(intent, "disputes_minor", left)
        self.disputes.append((intent, seen))

    def decide(self) -> None:
        if not self.disputes:
            return
        intent, seen = self.disputes.pop()
        state = self.random.choice([DisputeState.WON, DisputeState.LOST])
        decided = self.dispute_seen(intent, seen.amount_minor, state, seen.ref)
        apply_dispute_of(intent, decided, self.now)
        if state == DisputeState.WON:
            self.earn(intent, "disputes_minor", -seen.amount_minor)

    def dispute_seen(
        self, intent: Intent, amount: int, state: DisputeState, ref: str = ""
    ) -> DisputeSeen:
        return DisputeSeen(
            provider=intent.provider,
            ref=ref or uuid4().hex,
            intent_id=intent.pk,
            payment_ref=intent.provider_ref,
            state=state,
            amount_minor=amount,
            currency=intent.currency,
            at=self.now,
        )

    def fee(self) -> None:
        if not self.paid:
            return
        intent, _left = self.random.choice(self.paid)
        amount = self.random.randint(1, 99)
        fees = house_key(FEES, intent.currency)
        clearing = house_key(clearing_kind(intent.provider), intent.currency)
        ids = account_ids([fees, clearing], self.now)
        name = f"fee:{intent.provider}:{uuid4().hex}"
        # The statement tells of it some day after it was taken.
        taken = self.now - timedelta(days=self.random.randrange(3))
        meta = meta_text({"package": intent.package_id, "at": clock.to_rfc3339(taken)})
        debit, credit = ids[fees], ids[clearing]
        fee = Posting(name, debit, credit, amount, "fee", name, asset=intent.currency, meta=meta)
        post([fee], self.now)
        key = (taken.date(), intent.provider, intent.package_id, intent.currency, "fees_minor")
        self.revenue[key] += amount

    def spend(self) -> None:
        payer, payee = self.random.sample(self.people, 2)
        if self.can_spend(payer) >= 3:
            charge(payer, payee, 3, f"message:{new_id()}")

    def give(self) -> None:
        owner, name = self.random.choice(self.people), f"grant:{new_id()}"
        grant = Grant(owner_id=owner, credits=self.random.randint(1, 20), operation=name, kind="x")
        grant_many([grant], now=self.now, announce=False)

    def hold(self) -> None:
        owner, amount = self.random.choice(self.people), self.random.randint(1, 9)
        if self.can_spend(owner, "paid") >= amount:
            keys = [personal_key(owner, "paid"), house_key(SALES)]
            ids = account_ids(keys, self.now)
            name = f"call:{new_id()}"
            hold = pending(Posting(name, ids[keys[0]], ids[keys[1]], amount, "call", name))
            post([hold], self.now)
            self.holds.append(hold)

    def end(self) -> None:
        """A hold is spent in part, or freed."""
        if self.holds:
            hold = self.holds.pop()
            amount = self.random.randint(0, hold.amount)
            ending = resolution(hold, id=f"{hold.id}/end", amount=amount, kind="call")
            run_atomic(lambda: post([ending], self.now))

    def can_spend(self, owner: UUID, *kinds: str) -> int:
        own = Account.objects.filter(owner_id=owner)
        if own.filter(kind="debt", balance__gt=0).exists():
            return 0
        rows = own.filter(kind__in=kinds or ("bonus", "paid"))
        return sum(row.balance - row.held for row in rows)


def apply_refund_of(intent: Intent, seen: RefundSeen, now: datetime) -> None:
    apply_refund(intent_id=intent.pk, seen=seen, source=Observed.Source.POLL, now=now)


def apply_dispute_of(intent: Intent, seen: DisputeSeen, now: datetime) -> None:
    apply_dispute(intent_id=intent.pk, seen=seen, source=Observed.Source.POLL, now=now)


def revenue_counted() -> dict[tuple[date, str, str, str, str], int]:
    columns = ("purchases", "gross_minor", "refunds_minor", "disputes_minor", "fees_minor")
    return {
        (row.day, row.provider, row.package, row.currency, column): getattr(row, column)
        for row in RevenueDay.objects.all()
        for column in columns
        if getattr(row, column)
    }


def pockets_counted() -> dict[tuple[date, str], int]:
    return {(row.day, row.pocket): row.change for row in CreditDay.objects.all() if row.change}


def without_zeros(sums: Counter[Any]) -> dict[Any, int]:
    return {key: amount for key, amount in sums.items() if amount}


@pytest.mark.parametrize("seed", range(examples(small=3, ci=25, torture=300)))
def test_random_trade_comes_to_what_plain_sums_say(seed: int) -> None:
    trade = Trade(seed)
    for _step in range(STEPS):
        trade.step()
        if trade.random.random() < 0.2:
            seal_waiting(clock.now())
            at_once(2, lambda _number: roll_up_ledger(clock.now()))
    seal_waiting(clock.now())
    roll_up_ledger(clock.now())
    revenue, pockets = without_zeros(trade.revenue), without_zeros(trade.pockets)
    assert (revenue_counted(), pockets_counted()) == (revenue, pockets)
    owned = trade.owned()
    assert {row.pocket: row.amount for row in Outstanding.objects.all() if row.amount} == {
        pocket: owned[pocket] for pocket in POCKETS if owned[pocket]
    }
    assert roll_up_ledger(clock.now()) == 0
    transfers = rebuild_from_ledger(clock.now())
    assert transfers and (revenue_counted(), pockets_counted()) == (revenue, pockets)
    check_closings(trade)
    assert reports_come_to_what_the_chain_says() == [] and good()


def check_closings(trade: Trade) -> None:
    """Each day ends with what all days up to it came to."""
    first = FIRST.date()
    last = first + timedelta(days=DAYS - 1)
    found = liability(Days(first, last))
    owned = trade.owned()
    assert [{name: one[name] for name in POCKETS} for one in found.now] == [
        {name: owned[name] for name in POCKETS}
    ]
    assert [one["day"] for one in found.days] == [last - timedelta(days=n) for n in range(DAYS)]
    for one in found.days:
        so_far = {
            pocket: sum(
                change
                for (day, name), change in trade.pockets.items()
                if name == pocket and day <= one["day"]
            )
            for pocket in POCKETS
        }
        assert {name: one[name] for name in POCKETS} == so_far
