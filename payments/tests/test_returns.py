"""What was charged goes back to where it came from, in one way for messages and calls."""

from uuid import UUID

import pytest
from django.test import override_settings

from pairly.core import clock
from pairly.core.db import run_atomic
from payments.ledger.accounts import EARNINGS, ISSUED, PAID, house_key, personal_key
from payments.ledger.invariants import violations
from payments.ledger.services import account_ids, post
from payments.ledger.transfers import Posting
from payments.models import Transfer
from payments.selectors import pockets_of, wallet_of
from payments.services import Holds, return_charges
from payments.tests.people import Pockets, charge, good, make_people, posting

pytestmark = pytest.mark.mongodb


def buy(person: UUID, credits: int, operation: str) -> None:
    keys = [house_key(ISSUED), personal_key(person, PAID)]
    issued, paid = (account_ids(keys, clock.now())[key] for key in keys)
    post([Posting(operation, issued, paid, credits, "test", operation)], clock.now())


def take_minute(payer: UUID, payee: UUID, credits: int, share: int, operation: str) -> None:
    """As a minute of a call: held, and taken when it begins."""

    def take() -> None:
        now = clock.now()
        held = Holds(payer, now, kind="call")
        assert held.hold(f"{operation}:hold", credits)
        held.write()
        taken = Holds(payer, now, kind="call", held=[f"{operation}:hold"], payee_id=payee)
        taken.take(f"{operation}:hold", operation, credits, share=share)
        taken.write()

    run_atomic(take)


def give_back(payer: UUID, charge: str, name: str, credits: int | None = None, *before: str) -> int:
    return run_atomic(
        lambda: return_charges(
            payer_id=payer,
            charges=[charge],
            operation=f"{charge}:{name}",
            earlier=[f"{charge}:{one}" for one in before],
            credits=credits,
            now=clock.now(),
        )
    )


def test_a_message_and_a_minute_take_the_share_back_once() -> None:
    ava, ben = make_people(2, 3)
    buy(ava, 10, "purchase")
    with override_settings(MESSAGE_RECIPIENT_SHARE_PERCENT=50):
        charge(ava, ben, 5, "message:1")
    take_minute(ava, ben, 7, 3, "call:1")
    assert (wallet_of(ava).balance, pockets_of(ben)[EARNINGS]) == (1, 5)
    for operation, credits, earned in (("message:1", 5, 3), ("call:1", 7, 0)):
        assert give_back(ava, operation, "back") == credits
        assert pockets_of(ben)[EARNINGS] == earned
        assert give_back(ava, operation, "back") == 0
        assert give_back(ava, operation, "again", None, "back") == 0
        with pytest.raises(ValueError, match="more than is left"):
            give_back(ava, operation, "again", 1, "back")
    pockets = pockets_of(ava)
    assert (pockets["bonus"], pockets["paid"]) == (3, 10)
    assert give_back(ava, "message:2", "back") == 0  # it never was charged
    assert give_back(ava, "call:1:hold", "back") == 0  # what was only held was not charged
    assert good() and not violations()


def test_parts_come_to_the_whole_and_the_house_stands_in() -> None:
    ava, ben = make_people(2, 4)
    buy(ava, 6, "purchase")
    take_minute(ava, ben, 10, 5, "call:1")
    named = Pockets(ben=ben)
    spent = posting("spent", named["ben.earnings"], named["house.sales"], 4)
    post([spent], clock.now())
    parts = [("a", 3), ("b", 4), ("c", 3)]
    for number, (name, credits) in enumerate(parts):
        before = [one for one, _credits in parts[:number]]
        assert give_back(ava, "call:1", name, credits, *before) == credits
    # Paid credits first; and of the share of five the callee had one left.
    assert {row.pk: row.amount for row in Transfer.objects.filter(kind="refund")} == {
        "call:1:a/paid-earnings": 1,
        "call:1:a/paid-sales": 2,
        "call:1:b/paid-sales": 3,
        "call:1:b/bonus-sales": 1,
        "call:1:c/bonus-sales": 3,
    }
    assert wallet_of(ava).available == 10 and pockets_of(ben)[EARNINGS] == 0
    assert good() and not violations()


def test_what_comes_back_pays_first_what_is_owed() -> None:
    ava, ben = make_people(2, 0)
    buy(ava, 10, "purchase")
    take_minute(ava, ben, 10, 0, "call:1")
    named = Pockets(ava=ava)
    post([posting("owed", named["ava.debt"], named["house.sales"], 6)], clock.now())
    assert give_back(ava, "call:1", "a", 4) == 4
    assert (wallet_of(ava).debt, wallet_of(ava).available) == (2, 0)
    assert give_back(ava, "call:1", "b", None, "a") == 6
    assert (wallet_of(ava).debt, wallet_of(ava).available) == (0, 4)
    assert good() and not violations()
