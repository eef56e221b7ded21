"""Staff read private messages: for a reason, within bounds, and nothing unnoticed."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import time_machine
from django.core.files.storage import default_storage
from django.test import Client

from messaging import staff_search
from messaging.attachments.models import Attachment
from messaging.attachments.tasks import remove_unused_attachments
from messaging.attachments.tests.samples import SECRET, mp4, picture
from messaging.models import Message
from messaging.staff_search import find_messages
from messaging.tests.people import make_people
from messaging.tests.test_queries import write_to
from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.moderation.models import Case
from pairly.outbox.dispatch import dispatch_all
from pairly.staff.tests.people import staff_api, staff_browser
from tests.clients import Person

BASE = "/api/v1/staff/messages"
WHY = {"reason": "Report of a threat"}


@pytest.fixture
def talk(live_server_url: str) -> Any:
    """Ava and Ben write to each other; Ava also to Cleo."""
    ava, ben, cleo = (Person.register(live_server_url, name) for name in ("Ava", "Ben", "Cleo"))
    conversation = ava.open_conversation(ben)
    for sender, text in ((ava, "Hello Ben"), (ben, "hello yourself"), (ava, "I will kill you")):
        say(sender, conversation, text)
    say(ava, ava.open_conversation(cleo), "Hello Cleo")
    return ava, ben, cleo, conversation


def say(sender: Person, conversation: str, text: str, **more: Any) -> dict[str, Any]:
    wish = {"client_id": uuid4().hex, "kind": "text", "text": text} | more
    sent: dict[str, Any] = sender.call("POST", f"conversations/{conversation}/messages", wish)
    return sent


def actions() -> list[tuple[str, str, str]]:
    entries = AuditEntry.objects.order_by("id")
    wanted = ("messages.searched", "conversation.viewed", "conversation.exported")
    return [(one.action, one.target_type, one.reason) for one in entries if one.action in wanted]


@pytest.mark.mongodb
def test_messages_are_found_by_person_conversation_id_time_and_words(talk: Any) -> None:
    ava, _ben, _cleo, conversation = talk
    api = staff_api("moderator")

    def found(**query: Any) -> list[str]:
        answer = api.get(BASE, WHY | query)
        assert answer.status_code == 200, answer.json()
        assert answer.json()["is_cut"] is False
        return [one["text"] for one in answer.json()["results"]]

    assert found(conversation_id=conversation) == [
        "I will kill you",
        "hello yourself",
        "Hello Ben",
    ]
    assert found(user_id=ava.id) == ["Hello Cleo", "I will kill you", "Hello Ben"]
    assert found(user_id=ava.id, text="hello") == ["Hello Cleo", "Hello Ben"]
    assert found(user_id=ava.id, conversation_id=conversation, text="KILL") == ["I will kill you"]
    newest = Message.objects.get(text="hello yourself")
    assert found(message_id=newest.pk) == ["hello yourself"]
    at = clock.to_rfc3339(newest.created_at)
    assert found(conversation_id=conversation, until=at) == ["Hello Ben"]
    assert found(conversation_id=conversation, since=at) == ["I will kill you", "hello yourself"]
    assert len(actions()) == 7 and {one[2] for one in actions()} == {WHY["reason"]}

    for query, field in (
        ({"conversation_id": conversation}, "reason"),
        ({**WHY, "text": "kill"}, "user_id"),
        ({**WHY, "since": at}, "user_id"),
        ({**WHY, "user_id": "ava"}, "user_id"),
        ({**WHY, "conversation_id": conversation, "everything": "yes"}, "everything"),
    ):
        refused = api.get(BASE, query)
        assert refused.status_code == 400, query
        assert [one["field"] for one in refused.json()["errors"]] == [field]
    assert api.get(BASE, WHY | {"conversation_id": str(uuid4())}).status_code == 404
    assert staff_api("support").get(BASE, WHY | {"user_id": ava.id}).status_code == 403
    assert httpx.get(f"{ava.url}{BASE}", params=WHY, headers=ava.http.headers).status_code == 404


@pytest.mark.mongodb
def test_a_search_looks_at_no_more_than_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """In time, too, and in a conversation of any length: found by halves, without gaps."""
    monkeypatch.setattr(staff_search, "LOOKED_AT_MAX", 40)
    monkeypatch.setattr(staff_search, "CONVERSATIONS_MAX", 4)
    monkeypatch.setattr(staff_search, "RESULTS_MAX", 30)
    ava, *others = make_people(7, 200)
    moments = []
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as time:
        for _ in range(12):
            time.shift(3600)
            moments.append(clock.now())
            write_to(ava, others[:1], 5)
        write_to(ava, others[1:], 1)
    long = Message.objects.filter(sender_id=ava).order_by("id")[0].conversation_id
    found = find_messages(conversation_id=long)
    assert (len(found.messages), found.is_cut) == (30, True)
    for number, moment in enumerate(moments):
        before = find_messages(conversation_id=long, until=moment)
        assert len(before.messages) == min(30, number * 5)
        exactly = find_messages(
            conversation_id=long, since=moment, until=moment + timedelta(seconds=1)
        )
        assert [one.seq for one in exactly.messages] == [number * 5 + n for n in (5, 4, 3, 2, 1)]
    # Of a person: four conversations, ten messages of each.
    found = find_messages(user_id=ava)
    assert found.is_cut and len(found.messages) == 4


def test_a_conversation_is_read_and_exported(talk: Any) -> None:
    ava, ben, cleo, conversation = talk
    hidden = say(ben, conversation, "gone", reply_to_id=None)
    ben.call("DELETE", f"messages/{hidden['id']}?for=both")
    api, admin = staff_api("moderator"), staff_api("admin")
    page = api.get(f"{BASE}/conversations/{conversation}", WHY | {"limit": 2}).json()
    assert [one["seq"] for one in page["results"]] == [4, 3]
    assert page["results"][0]["notes"] == ["deleted for both"]
    older = api.get(page["next"]).json()
    assert [one["text"] for one in older["results"]] == ["hello yourself", "Hello Ben"]
    assert older["next"] is None
    assert {page["conversation"]["first_id"], page["conversation"]["second_id"]} == {
        ava.id,
        ben.id,
    }
    export = f"{BASE}/conversations/{conversation}/export"
    assert api.get(export, WHY).status_code == 403
    assert admin.get(export).status_code == 400
    answer: Any = admin.get(export, WHY)
    head, *lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert set(head["people"]) == {ava.id, ben.id}
    assert [(one["seq"], one["text"]) for one in lines] == [
        (1, "Hello Ben"),
        (2, "hello yourself"),
        (3, "I will kill you"),
        (4, ""),
    ]
    assert actions() == [
        ("conversation.viewed", "conversation", WHY["reason"]),
        ("conversation.viewed", "conversation", WHY["reason"]),
        ("conversation.exported", "conversation", WHY["reason"]),
    ]
    assert cleo.http.get(f"conversations/{conversation}").status_code == 404


def test_the_pages_ask_why_and_show(talk: Any) -> None:
    ava, _ben, _cleo, conversation = talk
    browser, boss = staff_browser("moderator"), staff_browser("superadmin")
    search, page = (
        "/admin/messaging/message/",
        f"/admin/messaging/message/conversation/{conversation}/",
    )

    def shown(client: Client, address: str, **query: str) -> str:
        answer: Any = client.get(address, query)
        assert answer.status_code == 200
        return str(answer.content.decode())

    assert "I will kill you" not in shown(browser, search) + shown(browser, page)
    assert "Name a person" in shown(browser, search, **WHY)
    assert "Nobody has this address" in shown(browser, search, **WHY, user_id="no@example.org")
    assert "This field is required" in shown(browser, search, user_id=ava.email)
    found = shown(browser, search, **WHY, user_id=ava.email, text="kill")
    assert "I will kill you" in found and "Hello Ben" not in found
    assert f"{page}?before=" in found
    read = shown(browser, page, **WHY)
    assert "hello yourself" in read and "Export" not in read and "Erase" not in read
    assert "Export" in shown(boss, page, **WHY) and "Erase" in shown(boss, page, **WHY)
    message = Message.objects.get(text="I will kill you")
    lead: Any = browser.get(f"{search}{message.pk}/change/")
    assert lead.status_code == 302 and page in lead["Location"]
    assert browser.post(f"{page}export/", WHY).status_code == 403
    exported: Any = boss.post(f"{page}export/", WHY)
    assert b"I will kill you" in b"".join(exported.streaming_content)
    assert staff_browser("support").get(search, WHY).status_code == 403


@pytest.mark.mongodb
def test_nobody_deletes_the_evidence(talk: Any, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    ava, ben, _cleo, conversation = talk
    file = ava.http.post("attachments", files={"file": ("x", picture())}).json()
    sent = say(ava, conversation, "for you", kind="image", attachment_ids=[file["id"]])
    about = {"target_type": "message", "target_id": sent["id"]}
    ben.call("POST", "reports", about | {"reason": "nudity", "details": ""})
    ava.call("DELETE", f"messages/{sent['id']}?for=both")
    ava.call("DELETE", "me", {"password": ava.password})
    dispatch_all()
    remove_unused_attachments()
    api = staff_api("moderator")
    case = api.get("/api/v1/staff/reports?reason=nudity").json()["results"][0]
    seen = api.get(f"/api/v1/staff/reports/{case['id']}").json()
    assert seen["text"] == "for you"
    (evidence,) = seen["shown"]["pictures"]
    address = f"{BASE}/attachments/{evidence['id']}"
    assert api.get(address).status_code == 200
    assert ben.http.get(f"attachments/{file['id']}").status_code == 404
    api.post(f"/api/v1/staff/reports/{case['id']}/dismiss", {"reason": "A landscape"})
    remove_unused_attachments()
    assert api.get(address).status_code == 404 and not Attachment.objects.exists()


@pytest.mark.mongodb
def test_what_is_erased_is_nowhere_any_more(talk: Any, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    ava, ben, _cleo, conversation = talk
    ava.http.post("attachments", files={"file": ("x", picture())})
    file = ava.http.post("attachments", files={"file": ("x", mp4(b"vide"))}).json()
    secret = SECRET.decode()
    text = f"I will kill you {secret}"
    sent = say(ava, conversation, text, kind="video", attachment_ids=[file["id"]])
    ben.call(
        "POST",
        "reports",
        {"target_type": "message", "target_id": sent["id"], "reason": "violence", "details": ""},
    )
    say(ben, conversation, "quoting nobody", reply_to_id=sent["id"])
    assert secret in Case.objects.get(target_id=sent["id"]).text
    stored = Attachment.objects.get(pk=file["id"]).file_name
    api, admin = staff_api("superadmin"), staff_api("admin")
    looked: Any = api.get(f"{BASE}/attachments/{file['id']}")
    assert looked.status_code == 200 and b"".join(looked.streaming_content) == mp4(b"vide")
    more: Any = api.get(f"{BASE}/attachments/{file['id']}", HTTP_RANGE="bytes=100-199")
    assert more.status_code == 206
    assert AuditEntry.objects.filter(action="attachment.viewed").count() == 1

    erase = f"{BASE}/{sent['id']}/erase"
    assert admin.post(erase, WHY).status_code == 403
    assert api.post(erase).status_code == 400
    for _ in range(2):
        assert api.post(erase, WHY).status_code == 204
    remove_unused_attachments()
    assert not default_storage.exists(stored)
    for person in (ava, ben):
        page = person.all_of(f"conversations/{conversation}/messages?after_seq=0")
        assert [one["seq"] for one in page] == [1, 2, 3, 5]
        assert person.http.get(f"attachments/{file['id']}").status_code == 404
        events = person.call("GET", "sync?since=0")["events"]
        assert secret not in json.dumps(events)
        assert [one["position"] for one in events] == list(range(1, len(events) + 1))
    assert secret not in json.dumps(ava.call("GET", "me/export"))
    row = Message.objects.get(pk=sent["id"])
    assert (row.text, row.attachments, row.request_hash, row.seq) == ("", "[]", "", 4)
    assert Case.objects.get(target_id=sent["id"]).text == ""
    entries = AuditEntry.objects.filter(action="message.erased", target_id=sent["id"])
    assert [one.reason for one in entries] == [WHY["reason"]] * 2
    assert ava.wallet()["balance"] == 20 - 3 - 3, "what was paid stays paid"
    assert UUID(sent["id"]) == row.pk
