"""Requests that no client of good will sends: refused with a code, and nothing comes of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.clients import Json, Person, create_people
from tests.conftest import StartServer
from tests.servers import RunningServer
from tests.stored import settled

pytestmark = pytest.mark.mongodb(from_ci=True)

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
JSON_TYPE = {"Content-Type": "application/json"}
BODY_BYTES_MAX = 65_536

Case = tuple[str, str, dict[str, Any], int, str]
"""Method, path, further arguments of the request, expected status and code."""


@dataclass
class Scene:
    """Ava and Ben have a conversation, Cleo and Dan another that is none of Ava's business."""

    server: RunningServer
    ava: Person
    conversation_id: str
    others_conversation_id: str
    others_transfer_id: str
    others_device_id: str


@pytest.fixture
def scene(start_server: StartServer) -> Iterator[Scene]:
    server = start_server()
    ava, ben, cleo, dan = people = create_people(server, 4, credits=20)
    yield Scene(
        server=server,
        ava=ava,
        conversation_id=ava.open_conversation(ben),
        others_conversation_id=cleo.open_conversation(dan),
        others_transfer_id=cleo.all_of("wallet/transactions")[0]["id"],
        others_device_id=cleo.all_of("auth/devices")[0]["id"],
    )
    for person in people:
        person.close()


def message(**changes: object) -> Json:
    body = {"client_id": str(uuid4()), "kind": "text", "text": "hello"} | changes
    return {name: value for name, value in body.items() if value is not None}


def registration(**changes: object) -> Json:
    return {
        "email": f"eve-{uuid4().hex}@example.test",
        "password": "quiet-harbour-42",
        "display_name": "Eve",
        "birth_date": "1990-05-17",
    } | changes


def unreadable_bodies() -> list[Case]:
    """The same for every route, shown on one."""
    path, bad = "conversations", (400, "validation_error")

    def body(content: bytes) -> dict[str, Any]:
        return {"content": content, "headers": JSON_TYPE}

    form = {"content": b"user_id=1", "headers": {"Content-Type": "text/plain"}}
    return [
        ("POST", path, body(b""), *bad),
        ("POST", path, body(b"{"), *bad),
        ("POST", path, body(b"[]"), *bad),
        ("POST", path, body(b'"text"'), *bad),
        ("POST", path, body(b"null"), *bad),
        ("POST", path, body(b'{"user_id": NaN}'), *bad),
        ("POST", path, body(b'{"user_id": "\xff\xfe"}'), *bad),
        ("POST", path, body(b'{"user_id": "\\ud800"}'), *bad),
        ("POST", path, body(b'{"user_id": "\\u0000"}'), *bad),
        ("POST", path, body(b'{"user_id": 1' + b"0" * 400 + b"}"), *bad),
        ("POST", path, body(b'{"a":' * 2000 + b"1" + b"}" * 2000), *bad),
        ("POST", path, form, 415, "unsupported_media_type"),
        ("POST", path, {"data": {"user_id": "1"}}, 415, "unsupported_media_type"),
        ("POST", path, {"files": {"user_id": b"1"}}, 415, "unsupported_media_type"),
        ("POST", path, body(b" " * (BODY_BYTES_MAX + 1)), 413, "payload_too_large"),
        (
            "POST",
            path,
            {"content": iter([b" " * 4096] * 20), "headers": JSON_TYPE},
            413,
            "payload_too_large",
        ),
    ]


def bad_messages(scene: Scene) -> list[Case]:
    path = f"conversations/{scene.conversation_id}/messages"
    others = f"conversations/{scene.others_conversation_id}"
    bad, hidden = (400, "validation_error"), (404, "not_found")
    bodies = [
        message(text=""),
        message(text=" \n "),
        message(text="x" * 5001),
        message(text=["hello"]),
        message(text=None),
        message(text="a\0b"),
        message(kind="poem"),
        message(kind=None),
        message(client_id=""),
        message(client_id="x" * 65),
        message(client_id="a\nb"),
        message(client_id=None),
        message(reply_to_id=UNKNOWN_ID),
        message(reply_to_id="this one"),
        message(price=0),
        message(sender_id=UNKNOWN_ID),
    ]
    return [
        *(("POST", path, {"json": body}, *bad) for body in bodies),
        ("POST", f"{others}/messages", {"json": message()}, *hidden),
        ("GET", f"{others}/messages", {}, *hidden),
        ("GET", others, {}, *hidden),
        ("POST", f"{others}/receipts", {"json": {"read_seq": 0}}, *hidden),
        ("POST", f"conversations/{scene.conversation_id}/receipts", {"json": {}}, *bad),
        (
            "POST",
            f"conversations/{scene.conversation_id}/receipts",
            {"json": {"read_seq": 1}},
            *bad,
        ),
        ("POST", f"conversations/{UNKNOWN_ID}/messages", {"json": message()}, *hidden),
        ("POST", "conversations/not-an-id/messages", {"json": message()}, *hidden),
        ("GET", f"conversations/{scene.conversation_id}/messages/", {}, *hidden),
        ("POST", "conversations", {"json": {"user_id": UNKNOWN_ID}}, *hidden),
        ("POST", "conversations", {"json": {"user_id": "Ben"}}, *bad),
        ("POST", "conversations", {"json": {"user_id": scene.ava.id}}, *bad),
    ]


def bad_pages(scene: Scene) -> list[Case]:
    path = f"conversations/{scene.conversation_id}/messages"
    bad = (400, "validation_error")
    queries = ("limit=0", "limit=101", "limit=x", "limit=1e1", "cursor=made-up", "cursor=%00")
    return [
        *(("GET", f"wallet/transactions?{query}", {}, *bad) for query in queries),
        *(("GET", f"conversations?{query}", {}, *bad) for query in queries),
        ("GET", "conversations?cursor=" + "x" * 5000, {}, *bad),
        ("GET", f"{path}?before_seq=-1", {}, *bad),
        ("GET", f"{path}?after_seq=99999999999999999999", {}, *bad),
        ("GET", f"{path}?before_seq=1&after_seq=1", {}, *bad),
        ("GET", "sync", {}, *bad),
        ("GET", "sync?since=-1", {}, *bad),
        ("GET", "sync?since=now", {}, *bad),
        ("GET", "sync?since=99999999999999999999", {}, *bad),
        ("GET", "users?min_age=17", {}, *bad),
        ("GET", "users?country=ZZ", {}, *bad),
        ("GET", "users?role=admin", {}, *bad),
    ]


def bad_ids_and_methods(scene: Scene) -> list[Case]:
    hidden = (404, "not_found")
    return [
        ("GET", f"ledger/transfers/{scene.others_transfer_id}/proof", {}, *hidden),
        ("GET", "ledger/transfers/message:nothing/proof", {}, *hidden),
        ("GET", "ledger/transfers/%00/proof", {}, *hidden),
        ("DELETE", f"auth/devices/{scene.others_device_id}", {}, *hidden),
        ("GET", f"users/{UNKNOWN_ID}", {}, *hidden),
        ("GET", "users/%00", {}, *hidden),
        ("PUT", f"blocks/{UNKNOWN_ID}", {}, *hidden),
        ("GET", "nowhere", {}, *hidden),
        ("DELETE", "wallet", {}, 405, "method_not_allowed"),
        ("PUT", "conversations", {"json": {}}, 405, "method_not_allowed"),
        ("POST", "wallet/transactions", {"json": {}}, 405, "method_not_allowed"),
        ("PATCH", "me", {"json": {"role": "admin"}}, 400, "validation_error"),
        ("PATCH", "me", {"json": {"is_staff": True}}, 400, "validation_error"),
        ("PATCH", "me", {"json": {"display_name": "A\nB"}}, 400, "validation_error"),
        ("DELETE", "me", {"json": {"password": "a wrong one"}}, 400, "validation_error"),
    ]


def bad_registrations(scene: Scene) -> list[Case]:
    bodies = [
        registration(role="superadmin"),
        registration(is_staff=True),
        registration(birth_date="2020-01-01"),
        registration(birth_date="0001-01-01"),
        registration(birth_date="yesterday"),
        registration(email="nobody"),
        registration(email="a\0@example.test"),
        registration(password="short"),
        registration(password="1234567890123"),
        registration(password="x" * 1000),
        registration(display_name=" "),
    ]
    taken = registration(email=scene.ava.email.upper())
    return [
        *(("POST", "auth/register", {"json": body}, 400, "validation_error") for body in bodies),
        ("POST", "auth/register", {"json": taken}, 409, "conflict"),
        ("POST", "auth/login", {"json": {"email": scene.ava.email}}, 400, "validation_error"),
    ]


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code, after the body was found to be problem details with the right trace id."""
    if answer.headers.get("Content-Type") != "application/problem+json":
        return answer.status_code, answer.text
    body = answer.json()
    assert {"type", "title", "status", "detail", "code", "trace_id"} <= body.keys()
    assert body["status"] == answer.status_code
    assert body["trace_id"] == answer.headers["X-Request-ID"]
    return answer.status_code, body["code"]


def test_nothing_comes_of_bad_requests(scene: Scene, server_database_url: str) -> None:
    before = settled(server_database_url)
    cases = [
        *unreadable_bodies(),
        *bad_messages(scene),
        *bad_pages(scene),
        *bad_ids_and_methods(scene),
    ]
    seen = [
        (case[:3], problem(scene.ava.http.request(case[0], case[1], **case[2]))) for case in cases
    ]
    assert seen == [(case[:3], case[3:]) for case in cases]
    # Whoever is not signed in learns nothing, not even what there is.
    for header in ("Bearer made-up", f"Basic {scene.ava.token}", scene.ava.token, "Bearer"):
        for path in ("me", "wallet", f"conversations/{scene.conversation_id}", "sync?since=0"):
            answer = scene.ava.http.get(path, headers={"Authorization": header})
            assert problem(answer) == (401, "not_authenticated"), (header, path)
    for method, path, arguments, status, code in bad_registrations(scene):
        answer = httpx.request(method, f"{scene.server.url}/api/v1/{path}", **arguments)
        assert problem(answer) == (status, code), arguments

    # A failed proof of the password is noted, for the lock; else nothing has changed.
    after = settled(server_database_url)
    attempts = after.pop("accounts_signinattempt")
    assert len(attempts) - len(before.pop("accounts_signinattempt")) == 1
    assert after == before
    assert "Traceback" not in scene.server.log()
    assert scene.ava.http.post(
        f"conversations/{scene.conversation_id}/messages", json=message()
    ).json()["wallet"] == {"balance": 19, "held": 0, "available": 19, "debt": 0, "frozen": False}


def test_a_cursor_belongs_to_its_list(scene: Scene) -> None:
    path = f"conversations/{scene.conversation_id}/messages"
    for _ in range(3):
        assert scene.ava.http.post(path, json=message()).status_code == 201
    following = scene.ava.http.get("wallet/transactions?limit=2").json()["next"]
    cursor = httpx.URL(following).params["cursor"]
    assert len(scene.ava.http.get(following).json()["results"]) == 2
    for other in ("conversations", "users", "blocks"):
        answer = scene.ava.http.get(other, params={"cursor": cursor})
        assert problem(answer) == (400, "validation_error"), other
    tampered = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    answer = scene.ava.http.get("wallet/transactions", params={"cursor": tampered})
    assert problem(answer) == (400, "validation_error")
