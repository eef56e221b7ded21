"""Editing messages, as both people's devices see it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from messaging.tests.chat import Chat, together
from pairly.core import clock
from tests.clients import Person, Refused

pytestmark = pytest.mark.mongodb


def test_an_edit_reaches_every_device_of_both(chat: Chat) -> None:
    first, last = chat.send(chat.ava, "first"), chat.send(chat.ava, "last")
    wish = {"message_id": first["id"], "text": " better "}
    ack = chat.phone.answer(chat.phone.send("message.edit", wish))
    edited = ack["data"]["message"]
    assert edited["edited_at"] > edited["created_at"]
    assert edited == first | {"text": "better", "edited_at": edited["edited_at"]}
    copy, arrived = chat.tablet.event("message.updated"), chat.other.event("message.updated")
    assert (copy["position"], copy["data"]) == (ack["position"], {"message": edited})
    assert arrived["data"] == {"message": edited}
    assert chat.phone.quiet() == []
    for person in (chat.ava, chat.ben):
        assert chat.history(person) == [edited, last]
        assert chat.view(person)["last_message"] == last
        assert person.call("GET", f"messages/{first['id']}") == edited
    # The same over REST, of the newest message; the same text again is no news.
    for expected in (1, 0):
        body = chat.ava.call("PATCH", f"messages/{last['id']}", {"text": "the very last"})
        assert [frame["type"] for frame in chat.other.quiet()] == ["message.updated"] * expected
    assert chat.view(chat.ben)["last_message"] == body
    # An edit costs nothing and moves nothing.
    assert chat.ava.wallet()["available"] == 18
    assert chat.view(chat.ben)["updated_at"] == last["created_at"]


def test_who_may_edit_what(chat: Chat, settings: Any) -> None:
    message = chat.send(chat.ava)
    cleo = Person.register(chat.ava.url, "Cleo")

    def refusal(who: Person, text: str = "other", message_id: str = message["id"]) -> str:
        answer = who.http.patch(f"messages/{message_id}", json={"text": text})
        assert answer.status_code >= 400
        return str(answer.json()["code"])

    assert refusal(chat.ben) == "permission_denied"
    assert refusal(cleo) == refusal(cleo, message_id=str(uuid4())) == "not_found"
    assert refusal(chat.ava, " ") == refusal(chat.ava, "x" * 5001) == "validation_error"
    assert refusal(chat.ava, "a\0") == "validation_error"
    # Some minutes, and no more; what was done in time is acked again at any time.
    with time_machine.travel(clock.now() + timedelta(minutes=14)):
        assert chat.ava.call("PATCH", f"messages/{message['id']}", {"text": "in time"})
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        assert refusal(chat.ava) == "too_late"
        assert chat.ava.call("PATCH", f"messages/{message['id']}", {"text": "in time"})
    settings.MESSAGE_EDIT_MINUTES = 0
    assert refusal(chat.ava) == "too_late"
    assert chat.other.quiet()[-1]["data"]["message"]["text"] == "in time"


def test_a_client_id_stands_for_the_first_text(chat: Chat) -> None:
    wish = {"client_id": "once", "kind": "text", "text": "first"}
    path = f"conversations/{chat.conversation}/messages"
    message = chat.ava.call("POST", path, wish)
    chat.ava.call("PATCH", f"messages/{message['id']}", {"text": "second"})
    again = chat.ava.call("POST", path, wish)
    assert (again["id"], again["text"]) == (message["id"], "second")
    with pytest.raises(Refused, match="client_id_conflict"):
        chat.ava.call("POST", path, wish | {"text": "second"})
    assert chat.ava.wallet()["available"] == 19


def test_edits_meet_blocks_and_deletions(chat: Chat) -> None:
    message, hidden = chat.send(chat.ava), chat.send(chat.ava)
    edit = {"message_id": message["id"], "text": "other"}
    assert chat.ben.http.put(f"blocks/{chat.ava.id}").status_code == 204
    with pytest.raises(Refused, match="unavailable"):
        chat.phone.command("message.edit", edit)
    assert chat.ben.http.delete(f"blocks/{chat.ava.id}").status_code == 204
    # Who deleted it for themselves hears no more of it, and finds it no more.
    chat.ben.http.delete(f"messages/{hidden['id']}?for=me")
    chat.other.quiet()
    chat.phone.command("message.edit", {"message_id": hidden["id"], "text": "other"})
    assert chat.other.quiet() == []
    assert chat.ben.http.get(f"messages/{hidden['id']}").status_code == 404
    chat.phone.command("message.delete", {"message_id": message["id"], "for": "both"})
    with pytest.raises(Refused, match="message_deleted"):
        chat.phone.command("message.edit", edit)


@pytest.mark.parametrize("attempt", range(4))
def test_edits_and_a_deletion_at_once(chat: Chat, attempt: int) -> None:
    """In some order, which is the same for all: a deleted message is edited no more."""
    message = chat.send(chat.ava)

    def edit(text: str) -> object:
        return chat.ava.call("PATCH", f"messages/{message['id']}", {"text": text})["text"]

    outcomes = together(
        lambda: edit("one"),
        lambda: edit("two"),
        lambda: chat.phone.command("message.delete", {"message_id": message["id"], "for": "both"}),
    )
    assert all(outcome in ("one", "two", "message_deleted") for outcome in outcomes[:2]), outcomes
    frames = chat.other.quiet()
    told = [frame["type"] for frame in frames]
    done = sum(outcome != "message_deleted" for outcome in outcomes[:2])
    assert told == ["message.updated"] * done + ["message.deleted"]
    assert frames[-1]["data"]["message"] == chat.history(chat.ben)[0]
    assert (chat.history(chat.ava)[0]["text"], chat.view(chat.ben)["unread"]) == ("", 0)
