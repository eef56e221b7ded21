"""What is heard of deliveries after they went out: late, twice, in any order, before the answer."""

import threading
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db import connections

from messaging.tests.people import make_people
from notifications import dispatch
from notifications.channels import Outcome, Outgoing, Result
from notifications.kinds import Lane
from notifications.models import Delivery
from notifications.preferences.services import change_preferences
from notifications.receipts import RANKS, token_of
from notifications.services.receipts import Heard, note_receipts
from notifications.services.staff import replay_delivery
from notifications.services.telling import Wish, notify
from notifications.tests.senders import TRANSIENT, Recorder, after, pass_time
from pairly.accounts.tests.callers import Caller, Person, codes_of
from pairly.core import clock
from pairly.staff.tests.people import new_staff, staff_api, staff_browser

pytestmark = pytest.mark.mongodb

State = Delivery.State


def person() -> UUID:
    (user_id,) = make_people(1, credits=0)
    return user_id


def told(user_id: UUID, kind: str = "security.password_changed", **fields: Any) -> UUID:
    """The id of its push."""
    notify([Wish(user_id=user_id, kind=kind, dedupe_key=str(uuid4()), **fields)])
    return of(user_id).pk


def of(user_id: UUID) -> Delivery:
    return Delivery.objects.filter(user_id=user_id, channel="push").order_by("-id")[0]


def hear(delivery_id: UUID, *receipts: str) -> int:
    heard = [Heard(delivery_id, one, clock.now(), f"it is {one}") for one in receipts]
    return note_receipts(heard, channel="push")


def test_the_highest_stands_in_whatever_order_they_come(push: Recorder, mail: Recorder) -> None:
    user_id = person()
    for order in permutations(("delivered", "bounced", "opened")):
        one = told(user_id)
        assert hear(one, "opened") == 0  # nobody has tried to send it
        pass_time()
        for number, receipt in enumerate(order, start=1):
            hear(one, receipt, receipt)
            assert hear(one, receipt) == 0
            row, best = of(user_id), max(order[:number], key=RANKS.__getitem__)
            states = {"delivered": "delivered", "bounced": "dead", "opened": "opened"}
            assert (row.receipt, row.state) == (best, states[best])
            assert row.detail == f"it is {best}" and row.due_at is None
            assert row.provider_ref == "ref"
    assert hear(uuid4(), "opened") == 0
    assert note_receipts([], channel="push") == 0
    assert note_receipts([Heard(one, "opened", clock.now())], channel="email") == 0


def test_a_device_says_so_by_the_token_of_its_push(
    join: Callable[..., Person], guest: Caller, push: Recorder, mail: Recorder
) -> None:
    ava = join("Ava")
    one, other = (told(UUID(ava.id)) for _ in range(2))
    pass_time()
    address = f"notifications/receipts/{token_of(one)}"
    for event, state in (("opened", "opened"), ("delivered", "opened"), ("opened", "opened")):
        assert guest.post(address, event=event).status_code == 204
        assert Delivery.objects.get(pk=one).state == state
    assert Delivery.objects.get(pk=other).state == State.SENT
    shown = staff_api("support").get(f"/api/v1/staff/notifications/{one}").json()
    assert (shown["state"], shown["receipt"], shown["receipt_at"] is None) == (
        "opened",
        "opened",
        False,
    )
    page = staff_browser("support").get(f"/admin/notifications/delivery/{one}/change/")
    assert "It was opened" in page.content.decode()

    # A device says nothing of mails, nothing else, and nothing of what is not its own.
    assert codes_of(guest.post(address, event="bounced")) == {("event", "invalid_choice")}
    assert codes_of(guest.post(address)) == {("event", "required")}
    mailed = Delivery.objects.get(notification__user_id=ava.id, channel="email", pk__gt=other)
    assert guest.post(f"notifications/receipts/{token_of(mailed.pk)}", event="opened").status_code
    assert Delivery.objects.get(pk=mailed.pk).state == State.SENT
    name, _colon, signature = token_of(one).partition(":")
    for forged in (f"{other.hex}:{signature}", f"{name}:x", name, "x", f"{name}:{signature}x"):
        answer = guest.post(f"notifications/receipts/{forged}", event="opened")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert Delivery.objects.get(pk=other).state == State.SENT
    assert guest.get(address).status_code == 405
    assert guest.post(f"notifications/receipts/{token_of(uuid4())}", event="opened").status_code


@pytest.mark.parametrize(("receipt", "state"), [("delivered", "delivered"), ("bounced", "dead")])
def test_it_may_come_before_the_answer_of_the_sender_is_stored(
    push: Recorder, mail: Recorder, monkeypatch: pytest.MonkeyPatch, receipt: str, state: str
) -> None:
    user_id = person()
    one = told(user_id)

    def send(outgoing: Sequence[Outgoing]) -> Sequence[Result]:
        assert hear(outgoing[0].delivery_id, receipt) == 1
        assert of(user_id).state == State.SENDING
        return Recorder.send(push, outgoing)

    monkeypatch.setattr(push, "send", send)
    pass_time()
    row = of(user_id)
    assert (row.pk, row.state, row.provider_ref, row.claim) == (one, state, "ref", None)
    assert row.due_at is None and row.sent_at is not None


def test_what_has_arrived_after_all_is_not_sent_again(
    push: Recorder, mail: Recorder, travelled: time_machine.Traveller, settings: Any
) -> None:
    """The provider did not answer in time, or we died before it did; it had taken it."""
    late, died = person(), person()
    push.answers.append(TRANSIENT)
    told(late)
    pass_time()
    assert of(late).state == State.FAILED
    hear(of(late).pk, "delivered")
    assert (of(late).state, of(late).due_at) == (State.DELIVERED, None)

    class Killed(BaseException):
        pass

    push.answers.append(Killed())
    told(died)
    with pytest.raises(Killed):
        dispatch.dispatch(Lane.PUSH)
    hear(of(died).pk, "opened")
    assert of(died).state == State.SENDING
    after(travelled, seconds=settings.NOTIFICATION_LEASE_SECONDS)
    assert (of(died).state, of(died).attempts, of(died).claim) == (State.OPENED, 2, None)
    after(travelled, hours=5)
    assert (len(push.tried), push.sent) == (2, [])


def test_what_was_tried_before_the_night_goes_alone_after_it(
    push: Recorder, mail: Recorder, travelled: time_machine.Traveller
) -> None:
    """A receipt that is told of it later must not end a digest that others have joined."""
    user_id = person()
    change_preferences(user_id=user_id, quiet_hours=("12:01", "20:00"), quiet_given=True)
    push.answers += [TRANSIENT] * 2
    missed: dict[str, Any] = {"kind": "call.missed", "context": {"caller": "Ben"}}
    tried = told(user_id, **missed)
    after(travelled, seconds=0)
    for _ in range(2):
        after(travelled, seconds=35)
    after(travelled, minutes=3)
    row = Delivery.objects.get(pk=tried)
    assert (row.state, row.digest, row.attempts) == (State.PENDING, None, 2)
    for _ in range(2):
        told(user_id, **missed)
    pass_time()
    hear(tried, "opened")
    after(travelled, hours=8)
    assert Delivery.objects.get(pk=tried).state == State.OPENED
    assert [one.kind for one in push.sent] == ["digest"]
    assert Delivery.objects.get(pk=push.sent[0].delivery_id).gathered == 1


def test_what_came_back_is_a_dead_letter_and_may_be_sent_again(
    push: Recorder, mail: Recorder
) -> None:
    user_id = person()
    one = told(user_id)
    pass_time()
    hear(one, "bounced")
    assert (of(user_id).state, of(user_id).detail) == (State.DEAD, "it is bounced")
    staff = {"actor_id": new_staff("support").pk, "reason": "Their server works again"}
    replay_delivery(delivery_id=one, now=clock.now(), **staff)
    assert (of(user_id).receipt, of(user_id).receipt_at) == ("", None)
    assert hear(one, "bounced") == 0  # told late, of what is past
    pass_time()
    assert (of(user_id).state, len(push.sent)) == (State.SENT, 2)
    assert hear(one, "delivered") == 1
    assert of(user_id).state == State.DELIVERED


def test_several_at_once_lose_none(push: Recorder, mail: Recorder) -> None:
    user_id = person()
    rows = [told(user_id) for _ in range(5)]
    pass_time()
    start = threading.Barrier(4)

    def say(receipt: str) -> None:
        try:
            start.wait()
            for one in rows:
                hear(one, receipt)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=say, args=[receipt])
        for receipt in ("delivered", "opened", "bounced", "delivered")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(Delivery.objects.filter(pk__in=rows).values_list("state", "receipt")) == {
        ("opened", "opened")
    }


def test_a_push_that_no_device_takes_has_none(push: Recorder, mail: Recorder) -> None:
    user_id = person()
    push.answers.append(Result(Outcome.NO_ADDRESS, "no device"))
    one = told(user_id)
    pass_time()
    hear(one, "opened")
    assert (of(user_id).state, of(user_id).reason) == (State.SKIPPED, "no_address")
