"""What clients tell of themselves over REST."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from analytics.models import Erasure, Event, SetAside
from messaging.tests.people import make_people
from pairly.accounts.models import User
from pairly.core import clock

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
URL = "/api/v1/analytics/events"


@pytest.fixture(autouse=True)
def at_noon() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def client_of(user: User, **headers: Any) -> APIClient:
    client = APIClient(**headers)
    client.force_authenticate(user)
    return client


def ada(**headers: Any) -> APIClient:
    (user_id,) = make_people(1, 0)
    return client_of(User.objects.get(pk=user_id), **headers)


def event(name: str = "screen_viewed", at: datetime = NOW, **given: Any) -> dict[str, Any]:
    props = {"screen": "home"} if name == "screen_viewed" else {}
    return {"id": "1", "name": name, "at": clock.to_rfc3339(at), "props": props} | given


def sent(client: APIClient, *events: Any, **envelope: Any) -> Any:
    answer = client.post(URL, {"events": list(events), **envelope})
    assert answer.status_code == 202, answer.content
    return answer.json()


def codes(answer: Any) -> list[str]:
    return [one["code"] for one in answer["rejected"]]


@pytest.mark.mongodb
def test_events_are_stored_once_whatever_is_sent_again() -> None:
    client = ada(HTTP_USER_AGENT="Pairly/1.0 (iPhone; iOS 19)")
    first = sent(client, event(id="a", session_id="s1"), event(id="b"), event(id="a"))
    assert first == {"accepted": 2, "duplicate": 1, "rejected": []}
    again = sent(client, event(id="b"), event(id="c", name="session_started"))
    assert again == {"accepted": 1, "duplicate": 1, "rejected": []}
    stored = Event.objects.order_by("name", "session_id")
    assert [(e.name, e.session_id, e.props, e.platform, e.activity) for e in stored] == [
        ("screen_viewed", "", '{"screen":"home"}', "ios", True),
        ("screen_viewed", "s1", '{"screen":"home"}', "ios", True),
        ("session_started", "", "{}", "ios", True),
    ]
    # Another person's ids are their own.
    assert sent(ada(), event(id="a"))["accepted"] == 1


@pytest.mark.mongodb
def test_bad_events_are_set_aside_and_spoil_no_other() -> None:
    client = ada()
    bad = (
        event(id="1", name="teleported"),
        event(id="2", name="message.sent"),
        event(id="3", props={"screen": 7}),
        event(id="4", props={"screen": "home", "secret": "x"}),
        event(id="5", at=NOW - timedelta(days=7, seconds=1)),
        event(id="6", at=NOW + timedelta(minutes=10, seconds=1)),
        event(id="7", at=NOW) | {"at": "yesterday"},
        event(id="8") | {"at": "2026-03-10T12:00:00"},
        event(id="9") | {"user_id": "me"},
        {"name": "screen_viewed"},
        "not even an object",
    )
    answer = sent(client, *bad, event(id="good"))
    assert answer["accepted"] == 1
    assert codes(answer) == [
        *("unknown_event", "server_event", "invalid_props", "invalid_props", "too_late"),
        *("in_future", "invalid", "invalid", "invalid", "invalid", "invalid"),
    ]
    assert [one["id"] for one in answer["rejected"]] == [*"123456789", None, None]
    assert SetAside.objects.count() == len(bad)
    assert codes(sent(client, *bad)) == codes(answer)
    assert SetAside.objects.count() == len(bad)


def test_the_edges_of_time_are_taken() -> None:
    answer = sent(
        ada(),
        event(id="late", at=NOW - timedelta(days=7)),
        event(id="ahead", at=NOW + timedelta(minutes=10)),
    )
    assert answer["accepted"] == 2


def test_a_clock_that_is_wrong_is_put_right() -> None:
    client = ada()
    slow = NOW - timedelta(days=30)
    wrong = event(id="slow", at=slow - timedelta(minutes=5))
    assert codes(sent(client, wrong)) == ["too_late"]
    assert sent(client, wrong, sent_at=clock.to_rfc3339(slow))["accepted"] == 1
    assert Event.objects.get().at == NOW - timedelta(minutes=5)
    # A few seconds are the way of the request, not the clock.
    near = event(id="near", at=NOW - timedelta(seconds=40))
    sent(client, near, sent_at=clock.to_rfc3339(NOW - timedelta(seconds=30)))
    assert Event.objects.filter(at=NOW - timedelta(seconds=40)).count() == 1


def test_requests_that_are_no_lists_of_events_are_refused() -> None:
    client = ada()
    bodies: list[dict[str, Any]] = [{}, {"events": []}, {"events": "x"}]
    for body in (*bodies, {"events": [event()] * 501}):
        answer = client.post(URL, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_error"), body
    answer = client.post(URL, {"events": [event()], "user_id": "another"})
    assert answer.status_code == 400
    assert sent(client, *(event(id=str(n)) for n in range(500)))["accepted"] == 500
    assert APIClient().post(URL, {"events": [event()]}).status_code == 401


def test_staff_test_people_and_the_erased_leave_no_trace() -> None:
    tester, member, gone = make_people(3, 0)
    User.objects.filter(pk=tester).update(email="robot@test.invalid")
    User.objects.filter(pk=member).update(is_staff=True)
    Erasure.objects.create(pk=gone, requested_at=NOW)
    for user_id in (tester, member, gone):
        client = client_of(User.objects.get(pk=user_id))
        assert sent(client, event(), event(id="2", name="nonsense"))["accepted"] == 1
    assert not Event.objects.exists()
    assert not SetAside.objects.exists()
