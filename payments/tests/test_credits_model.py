"""Random lives of a wallet against plain sums: charges, holds, gifts, debt, freezes, two people."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from django.test import override_settings
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

from pairly.approvals.services import approve, reject
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.errors import Conflict, PairlyError
from pairly.core.ids import new_id
from pairly.staff.tests.people import new_staff
from payments.adjustments.models import Adjustment
from payments.adjustments.services import adjust
from payments.errors import InsufficientCredits, NothingOwed, SpendingFrozen
from payments.freezes.invariants import freezes_stop_spending
from payments.freezes.services import freeze_spending, unfreeze_spending
from payments.ledger.invariants import violations
from payments.ledger.sealing import seal_waiting
from payments.selectors import pockets_of, wallet_of
from payments.services import Holds
from payments.tests.people import charge, good, make_people
from tests.sizes import examples

AMOUNTS = st.integers(1, 40)
KINDS = st.sampled_from(("give_bonus", "give_paid", "take_bonus", "take_paid", "write_off"))
NO_LIMIT = {"STAFF_ADJUSTMENT_APPROVAL_CREDITS": 10**9}
NOTHING_ALONE = {"STAFF_ADJUSTMENT_APPROVAL_CREDITS": 0}

Held = tuple[str, int, int]
"""The hold's operation, and what it holds of bonus and of paid credits."""

numbers = count(1)


class Model:
    """What a wallet is, in a few sums."""

    def __init__(self) -> None:
        self.bonus = self.paid = self.debt = self.held_bonus = self.held_paid = 0
        self.frozen = False

    @property
    def free_bonus(self) -> int:
        return self.bonus - self.held_bonus

    @property
    def free_paid(self) -> int:
        return self.paid - self.held_paid

    @property
    def available(self) -> int:
        return 0 if self.debt or self.frozen else self.free_bonus + self.free_paid

    def adjust(self, kind: str, credits: int, book_debt: bool) -> type[PairlyError] | None:
        """Do it, or name the refusal."""
        if kind == "give_bonus":
            self.bonus += credits
        elif kind == "give_paid":
            self.paid += credits
            self.settle()
        elif kind == "write_off":
            if credits > self.debt:
                return NothingOwed
            self.debt -= credits
        else:
            return self.take(kind.removeprefix("take_"), credits, book_debt)
        return None

    def take(self, pocket: str, credits: int, book_debt: bool) -> type[PairlyError] | None:
        free = self.free_bonus if pocket == "bonus" else self.free_paid
        taken = min(free, credits)
        if taken < credits and not book_debt:
            return InsufficientCredits
        setattr(self, pocket, getattr(self, pocket) - taken)
        self.debt += credits - taken
        return None

    def split(self, credits: int) -> tuple[int, int]:
        """What spending so much takes: bonus before paid."""
        bonus = min(self.free_bonus, credits)
        return bonus, credits - bonus

    def settle(self) -> None:
        amount = min(self.free_paid, self.debt)
        self.paid -= amount
        self.debt -= amount


class WalletMachine(RuleBasedStateMachine):
    actor: UUID
    second: UUID
    asked = Bundle("asked")
    holds = Bundle("holds")

    def __init__(self) -> None:
        super().__init__()
        self.ava, self.ben = make_people(2)
        self.model = Model()

    # What staff do

    @rule(kind=KINDS, credits=AMOUNTS, book_debt=st.booleans())
    def adjust(self, kind: str, credits: int, book_debt: bool) -> None:
        book_debt = book_debt and kind.startswith("take")
        refusal = self.model.adjust(kind, credits, book_debt)
        with override_settings(**NO_LIMIT), refused(refusal):
            self.ask(kind, credits, book_debt)

    @rule(target=asked, kind=KINDS, credits=AMOUNTS, book_debt=st.booleans())
    def ask_for_two(self, kind: str, credits: int, book_debt: bool) -> Adjustment:
        with override_settings(**NOTHING_ALONE):
            waiting = self.ask(kind, credits, book_debt and kind.startswith("take"))
        assert waiting.state == "waiting"
        return waiting

    @rule(waiting=consumes(asked), good_idea=st.booleans())
    def decide(self, waiting: Adjustment, good_idea: bool) -> None:
        assert waiting.approval_id is not None
        decision: dict[str, Any] = {
            "approval_id": waiting.approval_id,
            "actor_id": self.second,
            "reason": "Seen",
        }
        if not good_idea:
            reject(**decision)
            return
        refusal = self.model.adjust(waiting.kind, waiting.credits, waiting.book_debt)
        with refused(refusal):
            approve(**decision)

    @rule()
    def freeze(self) -> None:
        freeze_spending(actor_id=self.actor, user_id=self.ava, reason="Test")
        self.model.frozen = True

    @rule()
    def unfreeze(self) -> None:
        with refused(None if self.model.frozen else Conflict):
            unfreeze_spending(actor_id=self.actor, user_id=self.ava, reason="Test")
        self.model.frozen = False

    # What Ava spends

    @rule(credits=AMOUNTS)
    def spend(self, credits: int) -> None:
        model = self.model
        refusal: type[PairlyError] | None = None
        if model.frozen:
            refusal = SpendingFrozen
        elif credits > model.available:
            refusal = InsufficientCredits
        with refused(refusal):
            charge(self.ava, self.ben, credits, self.operation("message"))
        if refusal is None:
            bonus, paid = model.split(credits)
            model.bonus, model.paid = model.bonus - bonus, model.paid - paid

    @rule(target=holds, credits=AMOUNTS)
    def hold(self, credits: int) -> Held | None:
        model, operation = self.model, self.operation("call")
        held = self.in_holds((), lambda holds: holds.hold(operation, credits))
        assert held is (credits <= model.available)
        if not held:
            return None
        bonus, paid = model.split(credits)
        model.held_bonus += bonus
        model.held_paid += paid
        return operation, bonus, paid

    @rule(held=consumes(holds), share=st.integers(0, 100))
    def end(self, held: Held | None, share: int) -> None:
        if held is None:
            return
        operation, bonus, paid = held
        taken = (bonus + paid) * share // 100
        if taken:
            name = self.operation("minute")
            self.in_holds([operation], lambda holds: holds.take(operation, name, taken))
        else:
            name = self.operation("void")
            self.in_holds([operation], lambda holds: holds.release(operation, name))
        model = self.model
        model.held_bonus -= bonus
        model.held_paid -= paid
        model.bonus -= min(bonus, taken)
        model.paid -= taken - min(bonus, taken)
        model.settle()

    # What must be true

    @rule()
    def seal(self) -> None:
        seal_waiting(clock.now())

    @invariant()
    def the_wallet_is_the_models(self) -> None:
        model, wallet, pockets = self.model, wallet_of(self.ava), pockets_of(self.ava)
        expected = (model.bonus, model.paid, model.debt)
        assert tuple(pockets[kind] for kind in ("bonus", "paid", "debt")) == expected
        assert wallet.held == model.held_bonus + model.held_paid
        assert (wallet.available, wallet.frozen) == (model.available, model.frozen)

    def teardown(self) -> None:
        assert good() and not violations() and not freezes_stop_spending()

    def ask(self, kind: str, credits: int, book_debt: bool) -> Adjustment:
        return adjust(
            actor_id=self.actor,
            user_id=self.ava,
            kind=kind,
            credits=credits,
            reason="Test",
            operation_id=new_id(),
            book_debt=book_debt,
        )

    def in_holds(self, held: Any, do: Callable[[Holds], Any]) -> Any:
        def run() -> Any:
            now: datetime = clock.now()
            holds = Holds(self.ava, now, kind="call", held=held)
            answer = do(holds)
            holds.write()
            return answer

        return run_atomic(run)

    @staticmethod
    def operation(word: str) -> str:
        return f"{word}:{next(numbers)}"


@contextmanager
def refused(refusal: type[PairlyError] | None) -> Iterator[None]:
    if refusal is None:
        yield
        return
    with pytest.raises(refusal):
        yield


@pytest.mark.mongodb
def test_a_wallet_does_what_plain_sums_would() -> None:
    WalletMachine.actor, WalletMachine.second = (new_staff(one).pk for one in ("finance", "admin"))
    run_state_machine_as_test(
        WalletMachine,
        settings=settings(
            max_examples=examples(small=10, ci=100, torture=2000),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
