"""Random histories against a plain dictionary that does the same sums."""

from collections.abc import Callable
from itertools import count
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from pairly.core import clock
from payments.errors import HoldResolved, InsufficientCredits, TransferConflict
from payments.ledger.invariants import violations
from payments.ledger.sealing import seal_waiting
from payments.ledger.services import pending, post, resolution
from payments.ledger.transfers import Posting
from payments.models import Account, Transfer
from payments.tests.people import Pockets, good, make_people, posting
from tests.sizes import examples

NAMES = ("ava.paid", "ava.bonus", "ava.debt", "ben.paid", "ben.earnings", "house.sales")
PLACES = st.sampled_from(NAMES)
AMOUNTS = st.integers(1, 60)
LEGS = st.tuples(PLACES, PLACES, AMOUNTS)

numbers = count(1)


class Refused(Exception):
    """The model's word for what the ledger must refuse."""


class LedgerMachine(RuleBasedStateMachine):
    people: tuple[UUID, UUID]
    written = Bundle("written")
    holds = Bundle("holds")
    ended = Bundle("ended")

    def __init__(self) -> None:
        super().__init__()
        ava, ben = self.people
        self.asset = f"T{next(numbers)}"  # each history has accounts of its own
        self.pockets = Pockets(self.asset, ava=ava, ben=ben)
        self.balances = dict.fromkeys(NAMES, 0)
        self.held = dict.fromkeys(NAMES, 0)
        self.transfers = 0

    # What the ledger is asked to do

    @rule(target=written, legs=st.lists(LEGS, min_size=1, max_size=4))
    def post_batch(self, legs: list[tuple[str, str, int]]) -> Posting | None:
        postings = [self.posting(*leg) for leg in legs]
        before = dict(self.balances)
        try:
            for debit, credit, amount in legs:
                self.move(debit, credit, amount)
        except Refused:
            self.balances = before
            self.must_refuse(postings)
            return postings[0]
        self.transfers += len(postings)
        assert not any(one.repeated for one in post(postings, clock.now()))
        return postings[0]

    @rule(target=holds, name=PLACES, amount=AMOUNTS)
    def hold(self, name: str, amount: int) -> tuple[str, Posting] | None:
        hold = pending(self.posting(name, "house.sales", amount))
        owned = name not in ("ava.debt", "house.sales")
        if owned and amount <= self.balances[name] - self.held[name]:
            post([hold], clock.now())
            self.held[name] += amount
            self.transfers += 1
            return name, hold
        self.must_refuse([hold])
        return None

    @rule(target=ended, hold=consumes(holds), share=st.integers(0, 100))
    def end(self, hold: tuple[str, Posting] | None, share: int) -> Posting | None:
        if hold is None:
            return None
        name, held = hold
        amount = held.amount * share // 100
        post([resolution(held, id=self.new_id(), amount=amount, kind="end")], clock.now())
        self.held[name] -= held.amount
        self.move(name, "house.sales", amount)
        self.transfers += 1
        return held

    @rule(hold=ended, share=st.integers(0, 1))
    def end_again(self, hold: Posting | None, share: int) -> None:
        if hold is not None:
            again = resolution(hold, id=self.new_id(), amount=share, kind="end")
            with pytest.raises(HoldResolved):
                post([again], clock.now())

    @rule(first=written)
    def repeat(self, first: Posting) -> None:
        if Transfer.objects.filter(pk=first.id).exists():
            assert post([first], clock.now())[0].repeated

    @rule(first=written)
    def contradict(self, first: Posting) -> None:
        if Transfer.objects.filter(pk=first.id).exists():
            other = self.posting("house.sales", "ava.paid", first.amount + 1, id=first.id)
            with pytest.raises(TransferConflict):
                post([other], clock.now())

    @rule()
    def seal(self) -> None:
        seal_waiting(clock.now())

    @rule()
    def verify(self) -> None:
        assert good()

    @invariant()
    def the_balances_are_the_models(self) -> None:
        rows = Account.objects.filter(asset=self.asset).values_list("key", "balance", "held")
        stored = {key: (balance, held) for key, balance, held in rows}
        for name in NAMES[:-1]:
            expected = (self.balances[name], self.held[name])
            assert stored[self.pockets.key(name)] == expected, name
        assert Transfer.objects.filter(asset=self.asset).count() == self.transfers

    def teardown(self) -> None:
        assert good() and not violations()

    # The model

    def move(self, debit: str, credit: str, amount: int) -> None:
        if debit == credit:
            raise Refused
        limited = debit not in ("ava.debt", "house.sales")
        if limited and amount > self.balances[debit] - self.held[debit]:
            raise Refused
        if credit == "ava.debt" and amount > self.balances[credit]:
            raise Refused
        self.balances[debit] += amount if debit == "ava.debt" else -amount
        self.balances[credit] += -amount if credit == "ava.debt" else amount

    def must_refuse(self, postings: list[Posting]) -> None:
        with pytest.raises((InsufficientCredits, ValueError)):
            post(postings, clock.now())

    def posting(self, debit: str, credit: str, amount: int, id: str = "") -> Posting:
        return posting(
            id or self.new_id(),
            self.pockets[debit],
            self.pockets[credit],
            amount,
            asset=self.asset,
        )

    @staticmethod
    def new_id() -> str:
        return f"test:{next(numbers)}"


@pytest.mark.mongodb
def test_the_ledger_does_what_a_dictionary_would(
    limited: Callable[[int, int, int], settings],
) -> None:
    ava, ben = make_people(2)
    LedgerMachine.people = (ava, ben)
    run_state_machine_as_test(LedgerMachine, settings=limited(15, 100, 2000))


@pytest.fixture
def limited() -> Callable[[int, int, int], settings]:
    def make(small: int, ci: int, torture: int) -> settings:
        return settings(
            max_examples=examples(small=small, ci=ci, torture=torture),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )

    return make
