"""Sending: schedules, failures, quiet hours, digests, leases, several workers."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db import connections

from messaging.tests.people import make_people
from notifications import dispatch
from notifications.channels import Outcome, Outgoing, Result
from notifications.dispatch import ATTEMPTS_MAX, RETRY_AFTER_SECONDS
from notifications.kinds import Lane
from notifications.models import Delivery
from notifications.preferences.services import change_preferences
from notifications.selectors import deliveries_due, notifications_for, open_alike
from notifications.services.reading import read_alike
from notifications.services.telling import Wish, notify
from notifications.tests.senders import TRANSIENT, Recorder, after, pass_time
from pairly.accounts.models import User
from pairly.core import clock
from tests.explain import assert_uses_index

pytestmark = pytest.mark.mongodb

State = Delivery.State
PERMANENT = Result(Outcome.PERMANENT, "the token is no token")
NOWHERE = Result(Outcome.NO_ADDRESS, "no device")


def person(**fields: Any) -> UUID:
    (user_id,) = make_people(1, credits=0)
    if fields:
        User.objects.filter(pk=user_id).update(**fields)
    return user_id


def tell(user_id: UUID, kind: str = "security.password_changed", **fields: Any) -> str:
    key = str(fields.pop("dedupe_key", uuid4()))
    notify([Wish(user_id=user_id, kind=kind, dedupe_key=key, **fields)])
    return key


def of(user_id: UUID, channel: str = "push") -> Delivery:
    return Delivery.objects.filter(user_id=user_id, channel=channel).order_by("-id")[0]


def test_a_failure_that_passes_is_tried_again_by_the_schedule(
    push: Recorder, mail: Recorder, travelled: time_machine.Traveller
) -> None:
    user_id = person()
    tell(user_id)
    push.answers += [TRANSIENT, ConnectionError("garbage"), TRANSIENT]
    pass_time()
    for tried, seconds in enumerate(RETRY_AFTER_SECONDS[:3], start=1):
        row = of(user_id)
        assert (row.state, row.attempts) == (State.FAILED, tried)
        assert row.due_at is not None
        wait = (row.due_at - clock.now()).total_seconds()
        assert 0.9 * seconds <= wait <= 1.1 * seconds
        travelled.move_to(row.due_at - timedelta(milliseconds=1), tick=False)
        pass_time()
        assert len(push.tried) == tried
        travelled.move_to(row.due_at, tick=False)
        pass_time()
    assert [len(push.sent), of(user_id).state, of(user_id).attempts] == [1, State.SENT, 4]
    assert (of(user_id).provider_ref, of(user_id).due_at) == ("ref", None)
    # The mail of the same went its own way, at once.
    assert (len(mail.sent), of(user_id, "email").attempts) == (1, 1)


def test_a_failure_that_stays_becomes_a_dead_letter(
    push: Recorder, mail: Recorder, travelled: time_machine.Traveller
) -> None:
    lasting, hopeless, nowhere, later = (person() for _ in range(4))
    tell(lasting)
    push.answers += [TRANSIENT] * ATTEMPTS_MAX
    after(travelled, seconds=0)
    for _ in RETRY_AFTER_SECONDS:
        after(travelled, hours=3)
    row = of(lasting)
    assert (row.state, row.attempts, row.detail) == (State.DEAD, ATTEMPTS_MAX, "come back later")
    after(travelled, hours=12)
    assert len(push.tried) == ATTEMPTS_MAX

    for user_id, answer in ((hopeless, PERMANENT), (nowhere, NOWHERE)):
        push.answers.append(answer)
        tell(user_id)
        pass_time()
    assert (of(hopeless).state, of(hopeless).attempts) == (State.DEAD, 1)
    assert (of(nowhere).state, of(nowhere).reason) == (State.SKIPPED, "no_address")
    # The provider says when to come back.
    push.answers.append(Result(Outcome.TRANSIENT, "too many", retry_after_seconds=3600))
    tell(later)
    pass_time()
    after(travelled, minutes=59)
    assert of(later).state == State.FAILED
    after(travelled, minutes=1)
    assert of(later).state == State.SENT


def test_quiet_hours_hold_back_and_gather_what_may_wait(
    push: Recorder, mail: Recorder, travelled: time_machine.Traveller
) -> None:
    """Noon in London is half past five in the afternoon in Kolkata; quiet begins at six."""
    user_id, awake = person(time_zone="Asia/Kolkata"), person(time_zone="Asia/Kolkata")
    change_preferences(user_id=user_id, quiet_hours=("18:00", "08:00"), quiet_given=True)
    after(travelled, minutes=40)
    for caller in ("Ben", "Cleo", "Ben"):
        for one in (user_id, awake):
            tell(
                one,
                "call.missed",
                context={"caller": caller},
                collapse_key=f"missed:{caller}",
            )
        pass_time()
    assert len([one for one in push.sent if one.user_id == awake]) == 3
    mine = [one for one in push.sent if one.user_id == user_id]
    assert mine == []
    # What may not wait does not.
    tell(user_id)
    tell(user_id, "payment.disputed", context={"amount": "₹1.00"})
    tell(user_id, "call.incoming", context={"caller": "Ben"})
    pass_time()
    kinds = {one.kind for one in push.sent if one.user_id == user_id}
    assert kinds == {"security.password_changed", "payment.disputed", "call.incoming"}
    # In the morning one push tells of all.
    after(travelled, hours=13, minutes=49)
    assert {one.kind for one in push.sent if one.user_id == user_id} == kinds
    after(travelled, minutes=1)
    *_others, last = [one for one in push.sent if one.user_id == user_id]
    assert (last.kind, last.title) == ("digest", "2 notifications are waiting")
    assert last.body == "Missed call from Cleo\n2 missed calls from Ben"
    reasons = Delivery.objects.filter(user_id=user_id, channel="push", kind="call.missed")
    assert sorted(reasons.values_list("reason", flat=True)) == ["", "digested", "digested"]
    # Moved to where it is night, the person is left alone again: the zone counts when it is due.
    tell(user_id, "call.missed", context={"caller": "Dan"})
    User.objects.filter(pk=user_id).update(time_zone="America/Los_Angeles")
    before = len(push.sent)
    pass_time()
    assert len(push.sent) == before


def test_a_mail_tells_once_of_what_piled_up_and_is_unread(
    push: Recorder, mail: Recorder, travelled: time_machine.Traveller
) -> None:
    user_id = person()
    tell(user_id, "call.missed", context={"caller": "Ben"}, collapse_key="b")
    after(travelled, minutes=30)
    tell(user_id, "call.missed", context={"caller": "<b>Cleo</b>\r\nBcc: x"}, collapse_key="c")
    after(travelled, minutes=29)
    assert mail.sent == []
    after(travelled, minutes=1)
    (sent,) = mail.sent
    assert (sent.kind, sent.title) == ("digest", "2 notifications are waiting")
    assert (sent.unsubscribe_category, sent.language) == ("digest", "en")
    # What people call themselves stays words.
    assert "&lt;b&gt;Cleo&lt;/b&gt; Bcc: x" in sent.html and "<b>" not in sent.html
    assert "Missed call from <b>Cleo</b> Bcc: x\n" in sent.body
    # What begins a digest need not be what it tells of: the way out is from what it says.
    tell(user_id, "message.received", context={"sender": "Ava"}, collapse_key="m")
    tell(user_id, "call.missed", context={"caller": "Eve"}, collapse_key="e")
    read_alike([(user_id, "m"), (user_id, "b"), (user_id, "c")])
    after(travelled, hours=1)
    assert (mail.sent[1].kind, mail.sent[1].unsubscribe_category) == ("call.missed", "calls")
    # Who refuses mails of calls meanwhile gets none.
    tell(user_id, "call.missed", context={"caller": "Dan"}, collapse_key="d")
    change_preferences(user_id=user_id, categories={"calls": {"email": False}})
    after(travelled, hours=2)
    assert len(mail.sent) == 2


def test_what_waited_before_a_digest_began_is_told_by_it(
    push: Recorder, mail: Recorder, travelled: time_machine.Traveller
) -> None:
    user_id = person()
    change_preferences(user_id=user_id, quiet_hours=("12:00", "13:00"), quiet_given=True)
    travelled.shift(timedelta(seconds=-10))
    messages = {"context": {"sender": "Ava"}, "collapse_key": "m"}
    tell(user_id, "message.received", **messages)
    after(travelled, seconds=5)
    # The second push about the same pauses into quiet hours, where a call has begun to wait.
    tell(user_id, "message.received", **messages)
    after(travelled, seconds=6)
    tell(user_id, "call.missed", context={"caller": "Ben"})
    pass_time()
    after(travelled, seconds=30)
    after(travelled, hours=1)
    assert push.titles == ["New message from Ava", "2 notifications are waiting"]
    assert push.sent[-1].body == "2 new messages from Ava\nMissed call from Ben"
    # So with mails: who tells at the same moment may come to a digest that is younger.
    mail.sent.clear()
    tell(user_id, "call.missed", context={"caller": "Cleo"})
    wish = Wish(user_id=user_id, kind="call.missed", dedupe_key="d", context={"caller": "Dan"})
    notify([wish], now=clock.now() - timedelta(milliseconds=1))
    after(travelled, hours=1)
    assert mail.sent[-1].title == "2 notifications are waiting"


def test_what_goes_out_by_itself_is_in_no_digest(
    push: Recorder, mail: Recorder, travelled: time_machine.Traveller
) -> None:
    user_id = person()
    change_preferences(
        user_id=user_id, marketing=True, quiet_hours=("11:00", "12:30"), quiet_given=True
    )
    tell(user_id, "call.missed", context={"caller": "Ben"})
    after(travelled, minutes=29, seconds=57)
    # It gathers until after the end of quiet hours, and then has a push of its own.
    tell(user_id, "message.received", context={"sender": "Ava"}, collapse_key="m")
    after(travelled, seconds=3)
    after(travelled, seconds=5)
    assert push.titles == ["Missed call from Ben", "New message from Ava"]
    # An offer is mailed at once, and not again with the rest.
    tell(user_id, "announcement.offer", context={"title": "More credits", "body": "Now"})
    pass_time()
    after(travelled, hours=1)
    assert mail.titles == ["More credits", "2 notifications are waiting"]
    assert "More credits" not in mail.sent[-1].body


def test_a_digest_that_is_tried_again_tells_nothing_of_the_next(
    push: Recorder, mail: Recorder, travelled: time_machine.Traveller
) -> None:
    user_id = person()
    tell(user_id, "call.missed", context={"caller": "Ben"})
    mail.answers.append(TRANSIENT)
    after(travelled, hours=1)
    for caller in ("Cleo", "Dan", "Eve"):
        tell(user_id, "call.missed", context={"caller": caller})
    after(travelled, seconds=11)
    assert mail.titles == ["Missed call from Ben"]
    after(travelled, hours=1)
    assert mail.titles[1:] == ["3 notifications are waiting"]


def test_a_ring_is_sent_in_time_or_not_at_all(
    push: Recorder, travelled: time_machine.Traveller
) -> None:
    user_id = person()
    ends = clock.now() + timedelta(seconds=30)
    tell(user_id, "call.incoming", context={"caller": "Ben"}, expires_at=ends)
    push.answers += [TRANSIENT, TRANSIENT]
    pass_time()
    after(travelled, seconds=12)
    assert (len(push.tried), of(user_id).attempts) == (2, 2)
    # The next attempt would come after the end, so there is none.
    assert (of(user_id).state, of(user_id).reason) == (State.SKIPPED, "expired")
    tell(user_id, "call.incoming", context={"caller": "Ben"}, expires_at=clock.now())
    pass_time()
    assert (len(push.tried), of(user_id).reason) == (2, "expired")
    assert notifications_for(user_id).count() == 0


def test_marketing_needs_consent_and_what_is_critical_cannot_be_refused(
    push: Recorder, mail: Recorder
) -> None:
    user_id = person()
    offer = {"context": {"title": "More", "body": "Credits"}}
    tell(user_id, "announcement.offer", **offer)
    pass_time()
    assert set(Delivery.objects.values_list("reason", flat=True)) == {"refused"}
    change_preferences(user_id=user_id, marketing=True)
    tell(user_id, "announcement.offer", **offer)
    pass_time()
    assert (len(push.sent), len(mail.sent)) == (1, 1)
    assert mail.sent[0].unsubscribe_category == "offers"


def test_who_looks_at_pairly_gets_no_push_but_for_security(
    push: Recorder, mail: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = person()
    monkeypatch.setattr(dispatch, "active_users", set)
    for kind in ("call.missed", "payment.disputed", "security.new_sign_in"):
        tell(user_id, kind, context={"caller": "Ben", "amount": "₹1.00"})
    pass_time()
    assert [one.kind for one in push.sent] == ["security.new_sign_in"]
    assert {one.kind for one in mail.sent} == {"payment.disputed", "security.new_sign_in"}


class Killed(BaseException):
    """The process ends here."""


def test_whoever_dies_while_sending_leaves_it_to_the_next(
    push: Recorder,
    mail: Recorder,
    travelled: time_machine.Traveller,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user_id = person()
    tell(user_id)

    def die(_outgoing: Sequence[Outgoing]) -> Sequence[Result]:
        raise Killed

    monkeypatch.setattr(push, "send", die)
    with pytest.raises(Killed):
        dispatch.dispatch(Lane.PUSH)
    monkeypatch.undo()
    assert of(user_id).state == State.SENDING
    after(travelled, seconds=settings.NOTIFICATION_LEASE_SECONDS - 1)
    assert push.sent == []
    after(travelled, seconds=1)
    assert (len(push.sent), of(user_id).attempts) == (1, 2)


def test_several_workers_send_each_once(
    monkeypatch: pytest.MonkeyPatch, push: Recorder, mail: Recorder
) -> None:
    people = make_people(120, credits=0)
    notify(
        [
            Wish(user_id=one, kind="security.password_changed", dedupe_key=str(number))
            for one in people
            for number in range(2)
        ]
    )
    monkeypatch.setitem(dispatch.AT_ONCE, Lane.PUSH, 20)
    start, counts = threading.Barrier(4), []

    def work() -> None:
        try:
            start.wait()
            counts.append(dispatch.dispatch(Lane.PUSH))
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    # Whoever found nothing was early: what is left is done by who comes next.
    counts.append(dispatch.dispatch(Lane.PUSH))
    assert sum(counts) == len(push.sent) == 240
    assert len({one.delivery_id for one in push.sent}) == 240
    assert set(Delivery.objects.filter(channel="push").values_list("state", flat=True)) == {"sent"}


def test_told_by_several_at_once_it_is_told_once(push: Recorder, mail: Recorder) -> None:
    (user_id,) = make_people(1, credits=0)
    start, counts = threading.Barrier(4), []

    def work(number: int) -> None:
        wishes = [
            Wish(
                user_id=user_id,
                kind="message.received",
                dedupe_key=str(key),
                context={"sender": "Ava"},
                collapse_key="conversation:1",
            )
            for key in (number, 10)
        ]
        try:
            start.wait()
            counts.append(notify(wishes))
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(counts) == 5
    (row,) = notifications_for(user_id)
    assert row.count == 5
    waiting = Delivery.objects.filter(user_id=user_id).exclude(due_at=None)
    assert sorted(waiting.values_list("channel", flat=True)) == ["email", "push"]


def test_queries_cost_what_they_find(push: Recorder) -> None:
    people = make_people(30, credits=0)
    for number in range(10):
        notify(
            [
                Wish(
                    user_id=one,
                    kind="call.missed",
                    dedupe_key=str(number),
                    context={"caller": "Ben"},
                    collapse_key=f"missed:{number}",
                )
                for one in people
            ]
        )
    one, now = people[0], clock.now()
    assert_uses_index(notifications_for(one).order_by("-id")[:5])
    assert_uses_index(deliveries_due(Lane.PUSH, now)[:5])
    assert_uses_index(open_alike([(one, "missed:3")]))
    assert_uses_index(Delivery.objects.filter(digest=f"{one.hex}:email"))
