"""Every POST that moves money is done once for a key, however often it is asked for and wherever
its worker dies.

The walk reads the routes: what is limited as money takes an Idempotency-Key, or stands below with
the reason why it needs none; and each that takes one is tried here.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
import time_machine
from django.urls import URLPattern, URLResolver, get_resolver

from pairly.approvals.models import Approval
from pairly.core import clock
from pairly.core.models import IdempotencyKey
from pairly.core.throttling import MoneyThrottle
from pairly.staff.tests.people import staff_api
from payments.ledger.invariants import violations
from payments.models import Adjustment, Intent, Refund, Transfer
from payments.tests.buyers import Buyer
from payments.tests.people import good, make_people

pytestmark = pytest.mark.mongodb

NAMED_BY_THEIR_PATH = {
    "cancel-intent": "takes no money, and an intent is given up once",
    "staff-case-refund": "gives back what one message cost, once for ever",
}


TRIED_ELSEWHERE = {"staff-refund-call": "needs a call: calling/tests/test_staff_calls.py"}


class Wish(NamedTuple):
    """A request that succeeds, and another body for its key."""

    api: Any
    path: str
    body: dict[str, Any]
    other: dict[str, Any]


def buy() -> Wish:
    wish = {"package": "small", "provider": "stripe"}
    return Wish(Buyer().api, "payments/intents", wish, {**wish, "package": "large"})


def refund() -> Wish:
    buyer = Buyer()
    intent = buyer.intent()
    buyer.play(intent, "succeed")
    wish = {"amount": 1000, "reason": "Asked for"}
    path = f"staff/payments/{intent['id']}/refund"
    return Wish(staff_api("finance"), path, wish, {**wish, "amount": 2000})


def adjust() -> Wish:
    (ava,) = make_people(1, 5)
    wish = {"kind": "give_paid", "credits": 5, "reason": "Put right"}
    path = f"staff/users/{ava}/adjustments"
    return Wish(staff_api("finance"), path, wish, {**wish, "credits": 6})


def approve() -> Wish:
    (ava,) = make_people(1, 5)
    wish = {"kind": "give_paid", "credits": 5000, "reason": "Put right"}
    key = {"Idempotency-Key": str(uuid4())}
    asked = staff_api("finance").post(f"/api/v1/staff/users/{ava}/adjustments", wish, headers=key)
    path = f"staff/approvals/{asked.json()['adjustment']['approval_id']}/approve"
    return Wish(staff_api("admin"), path, {"reason": "Seen"}, {"reason": "Not seen"})


WISHES: dict[str, Callable[[], Wish]] = {
    "intents": buy,
    "staff-refund-payment": refund,
    "staff-adjustments": adjust,
    "staff-approve": approve,
}


def views(patterns: Any = None) -> Iterator[tuple[str, Any]]:
    """The name and the class of every route."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            view = getattr(pattern.callback, "cls", None)
            if view is not None and hasattr(view, "post"):
                yield pattern.name or "", view


def test_what_is_limited_as_money_is_done_once() -> None:
    money = {name: view for name, view in views() if MoneyThrottle in view.throttle_classes}
    keyed = {name for name, view in views() if hasattr(view.post, "is_idempotent")}
    assert money.keys() - keyed == NAMED_BY_THEIR_PATH.keys()
    tried = WISHES.keys() | TRIED_ELSEWHERE.keys()
    assert keyed == tried, "each route that takes a key is tried below"
    assert keyed <= money.keys(), "and limited as money is"


def traces() -> tuple[int, ...]:
    """How much there is of everything that such a request makes."""
    return tuple(one.objects.count() for one in (Transfer, Intent, Refund, Adjustment, Approval))


@pytest.fixture
def one_moment() -> Iterator[None]:
    """The links of an answer are signed by the second."""
    with time_machine.travel(clock.now(), tick=False):
        yield


@pytest.mark.usefixtures("one_moment")
@pytest.mark.parametrize("name", WISHES)
def test_once_for_a_key(name: str) -> None:
    wish = WISHES[name]()

    def ask(body: dict[str, Any], key: str = "the-key") -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        return wish.api.post(f"/api/v1/{wish.path}", body, headers=headers)

    before = traces()
    refused = ask(wish.body, key="")
    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency_key_required")
    assert ask(wish.body, key="no visible character: \x7f").status_code == 400
    assert traces() == before

    first = ask(wish.body)
    assert first.status_code in (200, 201), first.json()
    done = traces()
    again = ask(wish.body)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in first
    mismatch = ask(wish.other)
    assert (mismatch.status_code, mismatch.json()["code"]) == (422, "idempotency_mismatch")

    key = IdempotencyKey.objects.filter(pk__endswith=":the-key")
    key.update(status=0, body="", locked_until=clock.now() + timedelta(seconds=30))
    running = ask(wish.body)
    assert (running.status_code, running.json()["code"]) == (409, "idempotency_in_progress")
    assert int(running["Retry-After"]) > 0

    key.update(locked_until=clock.now() - timedelta(seconds=1))
    resumed = ask(wish.body)
    assert resumed.status_code == first.status_code, "the worker died before it could answer"
    assert resumed.json() == first.json() and "Idempotent-Replayed" not in resumed
    assert traces() == done
    assert good() and not violations()
