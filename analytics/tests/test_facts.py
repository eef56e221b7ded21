"""What the server itself knows to be true, told by other apps or read from them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
import time_machine

from analytics import handlers
from analytics.exports import events_of
from analytics.frames import open_reports
from analytics.models import CompletedProfile, Erasure, Event, PeopleFile, Progress
from analytics.people import write_people
from analytics.services import messages
from analytics.services.erasing import erase_due
from analytics.services.messages import take_due_messages, take_messages
from analytics.services.moving import move_all
from analytics.tasks import erase_forgotten
from analytics.tests.story import SCREEN, send
from calling.events import CallConnected, CallEnded
from messaging.services.messages import send_messages
from messaging.services.send_requests import check_send
from messaging.tests.people import make_people
from pairly.accounts.events import ProfileChanged, UserDeleted
from pairly.accounts.models import User
from pairly.accounts.services.deletion import delete_account
from pairly.accounts.services.devices import Origin
from pairly.accounts.services.people import register
from pairly.accounts.services.sign_ins import sign_in
from pairly.core import clock
from pairly.core.batching import writer
from pairly.core.ids import new_id
from pairly.outbox.dispatch import dispatch_all

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PASSWORD = "a long pass phrase"


def facts(user_id: UUID) -> list[tuple[str, Any]]:
    told = Event.objects.filter(user_id=user_id).order_by("at", "name")
    return [(event.name, orjson.loads(event.props)) for event in told]


@pytest.mark.mongodb
def test_what_people_do_with_their_account_is_told_once() -> None:
    (ada,) = make_people(1, 0)
    dispatch_all()
    assert facts(ada) == [("user.registered", {})]
    User.objects.filter(pk=ada).update(bio="Hi", photo="photos/x.jpg")
    changed = [ProfileChanged(ada, NOON), ProfileChanged(ada, NOON + timedelta(days=1))]
    handlers.on_profiles_changed(changed)
    handlers.on_profiles_changed(changed[1:])
    assert CompletedProfile.objects.get().completed_at == NOON
    assert facts(ada) == [("profile.completed", {}), ("user.registered", {})]
    handlers.on_deleted([UserDeleted(ada, NOON)])
    handlers.on_deleted([UserDeleted(ada, NOON)])
    assert Erasure.objects.get().pk == ada


@pytest.mark.mongodb
def test_people_are_of_the_platform_they_registered_on_and_sign_in_on_any() -> None:
    ada = register(
        email="ada@example.org",
        password=PASSWORD,
        display_name="Ada",
        birth_date=date(1990, 1, 1),
        country="IN",
        origin=Origin(user_agent="Pairly/3.1 (iPhone; iOS 19)"),
    ).user
    now = clock.now()
    for agent in ("Pairly Android", "Mozilla/5.0 (X11; Linux x86_64)", "axios/1.7"):
        sign_in(email=ada.email, password=PASSWORD, origin=Origin(user_agent=agent))
    dispatch_all()
    facts = Event.objects.filter(name="sign_in")
    assert sorted(facts.values_list("platform", "activity")) == [
        *(("", True), ("android", True), ("web", True)),
    ]
    assert Event.objects.get(name="user.registered").platform == "ios"
    known = [(ada.pk, "IN", "ios")]
    for _ in range(2):  # out of the database, then out of a file
        with open_reports(now.date(), now.date()) as reports:
            found = reports.execute("SELECT user_id, country, platform FROM people").fetchall()
        assert found == known
        write_people(now)
    delete_account(user=ada, password=PASSWORD, address="")
    assert User.objects.get(pk=ada.pk).platform == ""


@pytest.mark.mongodb
def test_calls_tell_of_both_sides_once() -> None:
    ada, ben = make_people(2, 0)
    call_id = new_id()
    connected = CallConnected(call_id, ada, ben, "audio", NOON)
    ended = CallEnded(call_id, ada, ben, "audio", "ended", 61, 20, NOON + timedelta(seconds=61))
    for _ in range(2):
        handlers.on_calls_connected([connected])
        handlers.on_calls_ended([ended])
    assert facts(ada) == [
        ("call.ended", {"media": "audio", "seconds": 61, "reason": "ended", "credits": 20}),
        ("credits.spent", {"credits": 20, "for": "call"}),
    ]
    assert facts(ben) == [("call.answered", {"media": "audio"})]


@pytest.mark.mongodb
def test_messages_are_read_when_all_of_their_time_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ada, ben = make_people(2, 100)
    for text in ("Hi", "You?"):
        wish = check_send(
            sender_id=ada,
            client_id=text,
            kind="text",
            text=text,
            conversation_id=None,
            to_user_id=ben,
            reply_to_id=None,
        )
        writer.call(send_messages, wish)
    assert take_messages(clock.now()) == 0, "one that is sent right now might have an older id"
    later = clock.now() + timedelta(minutes=3)
    assert take_messages(later) == 2
    assert take_messages(later) == 0
    Progress.objects.all().delete()
    monkeypatch.setattr(messages, "READ_AT_ONCE", 1)
    monkeypatch.setattr(messages, "MERGED_AT_ONCE", 1)
    assert take_messages(later) == 2, "as after a death between the file and the note"
    assert take_due_messages(later) == 0
    assert not Event.objects.filter(name="message.sent").exists(), "they are in files alone"
    today = clock.now().date()
    with open_reports(today - timedelta(days=1), today) as reports:
        found = reports.execute(
            "SELECT name, props, activity FROM events WHERE user_id = ? ORDER BY name, props", [ada]
        ).fetchall()
    assert found == [
        ("conversation.opened", "{}", True),
        ("credits.spent", '{"credits":1,"for":"message"}', False),
        ("credits.spent", '{"credits":1,"for":"message"}', False),
        ("message.sent", '{"kind":"text","first":false}', True),
        ("message.sent", '{"kind":"text","first":true}', True),
    ]


@pytest.mark.mongodb
def test_people_are_those_of_the_file_and_the_changes_since() -> None:
    ada, ben, cem = make_people(3, 0)
    User.objects.filter(pk=cem).update(email="robot@test.invalid")
    day = date(2026, 3, 1)

    def people() -> set[UUID]:
        with open_reports(day, day) as reports:
            rows = reports.execute("SELECT user_id FROM people").fetchall()
        assert len(rows) == len(set(rows))
        return {user_id for (user_id,) in rows}

    assert people() == {ada, ben}
    assert write_people(clock.now()) == 2
    assert PeopleFile.objects.get().people == 2
    (dea,) = make_people(1, 0)
    User.objects.filter(pk=ben).update(is_staff=True)
    assert people() == {ada, dea}
    handlers.on_deleted([UserDeleted(ada, clock.now())])
    assert people() == {dea}


def test_whoever_becomes_staff_counts_no_more() -> None:
    ada, ben = make_people(2, 0)
    now = clock.now()
    for user_id in (ada, ben):
        send(user_id, ("1", SCREEN, now), now=now)
    move_all(now)
    User.objects.filter(pk=ada).update(is_staff=True)
    erase_forgotten()
    erase_due(now + timedelta(minutes=2))
    with open_reports(now.date(), now.date()) as reports:
        assert reports.execute("SELECT user_id FROM daily_activity").fetchall() == [(ben,)]


def test_facts_of_staff_and_test_people_are_left_out() -> None:
    tester, member = make_people(2, 0)
    User.objects.filter(pk=tester).update(email="robot@test.invalid")
    User.objects.filter(pk=member).update(is_staff=True)
    with time_machine.travel(NOON):
        handlers.on_calls_connected([CallConnected(new_id(), tester, member, "video", NOON)])
        dispatch_all()
    assert not Event.objects.exists()


@pytest.mark.mongodb
def test_a_person_reads_every_event_of_theirs() -> None:
    ada, ben = make_people(2, 0)
    now = clock.now()
    send(ada, ("1", SCREEN, now - timedelta(hours=2)), now=now)
    send(ben, ("1", SCREEN, now - timedelta(hours=2)), now=now)
    move_all(now)
    send(ada, ("2", "session_started", now), now=now)
    told = events_of(ada)
    assert [(one["name"], one["props"], one["platform"]) for one in told] == [
        (SCREEN, '{"screen":"home"}', "web"),
        ("session_started", "{}", "web"),
    ]
    assert [one["at"] for one in told] == [
        clock.to_rfc3339(now - timedelta(hours=2)),
        clock.to_rfc3339(now),
    ]
