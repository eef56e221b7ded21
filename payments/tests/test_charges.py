"""Charging in bulk: bonus before paid, shares, debt, and refusals that spoil nothing."""

from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError

from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.ids import new_id
from payments.errors import InsufficientCredits
from payments.ledger.invariants import violations
from payments.ledger.services import pending, post
from payments.models import Account, Transfer
from payments.pricing.price_list import call_rate, message_price
from payments.selectors import wallet_of
from payments.services import Charges, Wallet
from payments.tests.people import Pockets, charge, good, make_people, posting


def kinds(user_id: UUID) -> dict[str, int]:
    rows = Account.objects.filter(owner_id=user_id, asset="CREDIT")
    return dict(rows.values_list("kind", "balance"))


def pay_in(user_id: UUID, credits: int) -> Pockets:
    """Paid credits, as a purchase brings them."""
    pockets = Pockets(ava=user_id)
    post(
        [posting(f"paid:{new_id()}", pockets["house.sales"], pockets["ava.paid"], credits)],
        clock.now(),
    )
    return pockets


@pytest.mark.mongodb
def test_many_charges_in_one_transaction_each_with_its_own_answer() -> None:
    ava, ben, cat = make_people(3, 5)

    def run() -> list[Wallet | str]:
        charges = Charges({ava, ben, cat}, clock.now())
        answers: list[Wallet | str] = []
        for number, payer in enumerate([ava, ben, ava, ava, ben]):
            try:
                answers.append(
                    charges.charge(
                        payer_id=payer,
                        payee_id=cat,
                        credits=2,
                        operation=f"message:{number}",
                        kind="message",
                    )
                )
            except InsufficientCredits as error:
                answers.append(error.code)
        free = charges.charge(
            payer_id=cat, payee_id=ava, credits=0, operation="message:free", kind="message"
        )
        assert free == charges.wallet(cat) == Wallet(5, 0, 5, 0)
        charges.write()
        with pytest.raises(AssertionError):
            charges.write()
        return answers

    three, one = Wallet(3, 0, 3, 0), Wallet(1, 0, 1, 0)
    assert run_atomic(run) == [three, three, one, "insufficient_credits", one]
    assert [wallet_of(person).balance for person in (ava, ben, cat)] == [1, 1, 5]
    ids = Transfer.objects.filter(kind="message").values_list("id", flat=True)
    assert sorted(ids) == [f"message:{number}" for number in (0, 1, 2, 4)]
    assert good() and not violations()


@pytest.mark.mongodb
def test_bonus_goes_before_paid_in_legs_of_one_group() -> None:
    ava, ben = make_people(2, 3)
    pay_in(ava, 10)
    assert charge(ava, ben, 5, "message:1") == Wallet(8, 0, 8, 0)
    assert kinds(ava)["bonus"] == 0 and kinds(ava)["paid"] == 8
    legs = Transfer.objects.filter(group="message:1").order_by("id")
    assert list(legs.values_list("id", "amount")) == [
        ("message:1/bonus-sales", 3),
        ("message:1/paid-sales", 2),
    ]
    charge(ava, ben, 8, "message:2")
    assert Transfer.objects.filter(pk="message:2").exists()
    with pytest.raises(InsufficientCredits):
        charge(ava, ben, 1, "message:3")
    assert good() and not violations()


def test_the_recipients_share_is_rounded_down_and_the_house_gets_the_rest(settings: Any) -> None:
    settings.MESSAGE_RECIPIENT_SHARE_PERCENT = 30
    ava, ben = make_people(2, 4)
    pay_in(ava, 10)
    charge(ava, ben, 3, "message:1")
    assert kinds(ben)["earnings"] == 0, "30 % of 3 is less than one credit"
    charge(ava, ben, 8, "message:2")
    assert kinds(ben)["earnings"] == 2
    legs = Transfer.objects.filter(group="message:2").order_by("id")
    assert list(legs.values_list("id", "amount")) == [
        ("message:2/bonus-sales", 1),
        ("message:2/paid-earnings", 2),
        ("message:2/paid-sales", 5),
    ]
    assert wallet_of(ben).balance == 4, "earnings are not spent"
    settings.MESSAGE_RECIPIENT_SHARE_PERCENT = 100
    charge(ava, ben, 1, "message:3")
    assert kinds(ben)["earnings"] == 3
    assert good() and not violations()


@pytest.mark.mongodb
def test_held_credits_and_debt_cannot_be_spent() -> None:
    ava, ben = make_people(2, 10)
    pockets = Pockets(ava=ava)
    hold = pending(posting("hold", pockets["ava.bonus"], pockets["house.sales"], 8))
    post([hold], clock.now())
    assert wallet_of(ava) == Wallet(10, 8, 2, 0)
    with pytest.raises(InsufficientCredits):
        charge(ava, ben, 3, "message:1")
    assert charge(ava, ben, 1, "message:1") == Wallet(9, 8, 1, 0)
    post([posting("refund", pockets["ava.debt"], pockets["house.sales"], 4)], clock.now())
    assert wallet_of(ava) == Wallet(9, 8, 0, 4)
    with pytest.raises(InsufficientCredits, match="owed"):
        charge(ava, ben, 1, "message:2")
    post([posting("settle", pockets["house.promotions"], pockets["ava.debt"], 4)], clock.now())
    assert charge(ava, ben, 1, "message:2") == Wallet(8, 8, 0, 0)
    assert good() and not violations()


@pytest.mark.mongodb
def test_an_operation_is_charged_once_for_ever() -> None:
    ava, ben = make_people(2, 10)
    charge(ava, ben, 1, "message:1")
    with pytest.raises(IntegrityError):
        charge(ava, ben, 1, "message:1")
    assert wallet_of(ava).balance == 9 and good()


def test_people_without_accounts_have_nothing_to_spend() -> None:
    stranger, (ben,) = new_id(), make_people(1)
    assert wallet_of(stranger) == Wallet(0, 0, 0, 0)
    with pytest.raises(InsufficientCredits):
        charge(stranger, ben, 1, "message:1")
    with pytest.raises(ValueError, match="costs"):
        charge(ben, ben, -1, "message:1")


def test_prices_come_from_the_settings(settings: Any) -> None:
    now = clock.now()
    assert [message_price(kind, now) for kind in ("text", "image", "audio", "video", "file")] == [
        *(1, 2, 2, 3, 2)
    ]
    assert [call_rate(media, now) for media in ("audio", "video")] == [5, 10]
    settings.PRICE_MESSAGE_TEXT_CREDITS = 4
    assert message_price("text", now) == 4
    for ask in (message_price, call_rate):
        with pytest.raises(ValueError):
            ask("smell", now)
