"""Whatever gives money back or takes it, killed before any of its writes and begun again: it
happens once, and at every moment all books say the same."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import time_machine

from pairly.approvals import services as approvals
from pairly.approvals.selectors import in_state
from pairly.core import clock
from pairly.core.ids import new_id
from pairly.staff.tests.people import new_staff
from payments.refunds.models import Refund
from payments.refunds.services import refund_payment
from payments.selectors import wallet_of
from payments.tasks import follow_up_intents, poll_payments
from payments.tests.buyers import Buyer, all_is_well, books_agree
from payments.tests.crashes import survives
from payments.tests.desk import bought, dispute_news, refund_news, spend

pytestmark = pytest.mark.mongodb


@pytest.fixture
def buyer() -> Buyer:
    return Buyer()


def status(buyer: Buyer, intent: dict[str, Any]) -> str:
    found: str = buyer.look(intent)["status"]
    return found


def ask(intent: dict[str, Any], operation: UUID, actor_id: UUID | None = None) -> None:
    refund_payment(
        intent_id=UUID(intent["id"]),
        amount_minor=None,
        reason="so",
        actor_id=actor_id,
        operation_id=operation,
        now=clock.now(),
    )


@pytest.mark.parametrize("spent", [False, True])
def test_a_refund(buyer: Buyer, spent: bool, settings: Any) -> None:
    settings.REFUND_BOOKS_DEBT = True
    intent, operation = bought(buyer), new_id()
    if spent:
        spend(buyer, buyer.available - 20)

    def refund() -> None:
        ask(intent, operation)
        time.shift(timedelta(days=1))
        poll_payments()
        assert Refund.objects.get().state == "succeeded"

    with time_machine.travel(clock.now(), tick=False) as time:
        assert survives(refund, check=books_agree) > 10
    assert status(buyer, intent) == "refunded"
    assert wallet_of(UUID(buyer.id)).debt == (30 if spent else 0)
    assert all_is_well()


def test_a_refund_that_a_second_person_agrees_to(buyer: Buyer) -> None:
    intent, operation = bought(buyer, package="xlarge"), new_id()
    finance, admin = new_staff("finance").pk, new_staff("admin").pk

    def request() -> None:
        ask(intent, operation, finance)

    assert survives(request, check=books_agree) > 5
    (waiting,) = in_state("waiting").values_list("pk", flat=True)

    def agree() -> None:
        approvals.approve(approval_id=waiting, actor_id=admin, reason="looked at it")
        time.shift(timedelta(days=1))
        poll_payments()
        assert Refund.objects.get().state == "succeeded"

    with time_machine.travel(clock.now(), tick=False) as time:
        assert survives(agree, check=books_agree) > 5
    assert status(buyer, intent) == "refunded"
    assert all_is_well()


@pytest.mark.parametrize("end", ["succeeded", "failed"])
def test_a_refund_in_the_dashboard(buyer: Buyer, end: str) -> None:
    intent = bought(buyer)
    spend(buyer, buyer.available - 20)
    states = ("pending", end) if end == "succeeded" else ("pending", "succeeded", end)
    for state in states:
        survives(partial(refund_news, intent, state, 5000), check=books_agree)
    stands = ("refunded", 30) if end == "succeeded" else ("succeeded", 0)
    assert (status(buyer, intent), wallet_of(UUID(buyer.id)).debt) == stands
    assert all_is_well()


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("end", ["won", "lost"])
def test_a_dispute_and_the_purchase_that_settles_the_debt(buyer: Buyer, end: str) -> None:
    intent = bought(buyer)
    spend(buyer, buyer.available - 20)
    for state in ("opened", end):
        survives(partial(dispute_news, intent, state, 5000), check=books_agree)
    assert status(buyer, intent) == f"dispute_{end}"
    assert wallet_of(UUID(buyer.id)).debt == (0 if end == "won" else 30)

    later = buyer.intent()
    buyer.play(later, "lose")

    def hear() -> None:
        time.shift(timedelta(days=1))
        follow_up_intents()
        assert status(buyer, later) == "succeeded"

    with time_machine.travel(clock.now(), tick=False) as time:
        assert survives(hear, check=books_agree) > 5
    wallet = wallet_of(UUID(buyer.id))
    assert (wallet.balance, wallet.debt) == (70 if end == "won" else 20, 0)
    assert all_is_well()
