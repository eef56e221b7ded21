"""Deleting messages for oneself and for both, as both people's devices see it."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from messaging.models import Message
from messaging.tests.chat import Chat, together
from pairly.core import clock
from tests.clients import Person, Refused

pytestmark = pytest.mark.mongodb


def test_for_oneself_it_is_gone_from_one_view(chat: Chat) -> None:
    messages = [chat.send(chat.ava, f"number {number}") for number in range(4)]
    newest, before = messages[3], messages[2]
    wish = {"message_id": newest["id"], "for": "me"}
    answer = chat.other.answer(chat.other.send("message.delete", wish))
    assert answer["data"] == {
        "conversation_id": chat.conversation,
        "message_id": newest["id"],
        "seq": 4,
        "for": "me",
        "unread": 3,
        "last_message": before,
        "position": answer["position"],
    }
    assert chat.phone.quiet() == chat.tablet.quiet() == []
    assert chat.history(chat.ben) == messages[:3]
    assert chat.history(chat.ava) == messages
    view = chat.view(chat.ben)
    assert (view["unread"], view["last_seq"], view["last_message"]) == (3, 4, before)
    assert chat.view(chat.ava)["last_message"] == newest
    # Again is acked and no news; one in the middle leaves the last one alone.
    assert "position" not in chat.other.command("message.delete", wish)
    ack = chat.other.command("message.delete", {"message_id": messages[1]["id"], "for": "me"})
    assert (ack["unread"], "last_message" in ack) == (2, False)
    # Reading counts what is left, wherever it ends.
    ack = chat.other.command(
        "receipt.update", {"conversation_id": chat.conversation, "read_seq": 2}
    )
    assert ack["unread"] == 1
    page = chat.ben.call("GET", f"conversations/{chat.conversation}/messages?limit=1")
    assert [message["seq"] for message in page["results"]] == [3]
    assert [m["seq"] for m in chat.ben.all_of(page["next"])] == [1]


def test_for_both_a_tombstone_stays(chat: Chat) -> None:
    first, second = chat.send(chat.ava), chat.send(chat.ava)
    wish = {"message_id": second["id"], "for": "both"}
    ack = chat.phone.answer(chat.phone.send("message.delete", wish))
    tombstone = ack["data"]["message"]
    assert tombstone == second | {"text": "", "deleted_at": tombstone["deleted_at"]}
    copy, arrived = chat.tablet.event("message.deleted"), chat.other.event("message.deleted")
    assert copy["position"] == ack["position"]
    assert (copy["data"]["message"], copy["data"]["for"]) == (tombstone, "both")
    assert (arrived["data"]["message"], arrived["data"]["unread"]) == (tombstone, 1)
    for person in (chat.ava, chat.ben):
        assert chat.history(person) == [first, tombstone]
        assert chat.view(person)["last_message"] == tombstone
    assert Message.objects.get(pk=second["id"]).text == ""
    # Again is no news; it was charged, since it had been delivered.
    assert "position" not in chat.phone.command("message.delete", wish)
    assert chat.other.quiet() == []
    assert chat.ava.wallet()["available"] == 18
    # A tombstone may go from one's own view, and be replied to no more.
    with pytest.raises(Refused, match="validation_error"):
        chat.send(chat.ben, reply_to_id=second["id"])
    assert chat.ben.http.delete(f"messages/{second['id']}?for=me").status_code == 204
    assert chat.history(chat.ben) == [first]
    assert chat.view(chat.ben)["last_message"] == first


def test_who_catches_up_reads_nothing_that_was_taken_back(chat: Chat) -> None:
    """Neither its first words nor its later ones, in however long a log; all else is there."""
    message = chat.send(chat.ava, "a secret")
    chat.phone.command("message.edit", {"message_id": message["id"], "text": "the secret, edited"})
    kept = [chat.send(chat.ben, f"the {number}th") for number in range(7)]
    chat.phone.command("message.delete", {"message_id": message["id"], "for": "both"})
    for person in (chat.ava, chat.ben):
        events = person.call("GET", "sync?since=0")["events"]
        assert "secret" not in json.dumps(events)
        assert [event["position"] for event in events] == list(range(1, len(events) + 1))
        told = [event["data"]["message"] for event in events if "message" in event["data"]]
        assert [one for one in told if one["id"] != message["id"]] == kept
        assert [one["seq"] for one in told] == [1, 1, *range(2, 9), 1]


def test_who_may_delete_what(chat: Chat, settings: Any) -> None:
    message = chat.send(chat.ava)
    cleo = Person.register(chat.ava.url, "Cleo")

    def outcome(who: Person, scope: str) -> str:
        answer = who.http.delete(f"messages/{message['id']}?for={scope}")
        return "done" if answer.status_code == 204 else str(answer.json()["code"])

    assert outcome(chat.ben, "both") == "permission_denied"
    assert outcome(cleo, "both") == outcome(cleo, "me") == "not_found"
    assert outcome(chat.ava, "all") == outcome(chat.ava, "") == "validation_error"
    assert chat.ava.http.delete(f"messages/{message['id']}").status_code == 400
    # Under a block nobody takes back what they were blocked for; one's own view is one's own.
    assert chat.ben.http.put(f"blocks/{chat.ava.id}").status_code == 204
    assert outcome(chat.ava, "both") == "unavailable"
    assert outcome(chat.ben, "me") == "done"
    assert chat.ben.http.delete(f"blocks/{chat.ava.id}").status_code == 204
    with time_machine.travel(clock.now() + timedelta(minutes=61)):
        assert outcome(chat.ava, "both") == "too_late"
    assert outcome(chat.ava, "both") == outcome(chat.ava, "both") == "done"
    assert outcome(chat.ava, "me") == outcome(chat.ava, "me") == "done"
    assert outcome(chat.ava, "both") == "not_found"
    assert [frame["type"] for frame in chat.other.quiet()] == ["message.deleted"]
    assert chat.history(chat.ava) == chat.history(chat.ben) == []


def test_the_last_of_many_deleted_ones(chat: Chat) -> None:
    """From the end and from the middle, until nothing is left."""
    messages = [chat.send(chat.ava) for _ in range(6)]
    for deleted, last in ((4, 5), (3, 5), (5, 2), (0, 2), (2, 1)):
        chat.other.command("message.delete", {"message_id": messages[deleted]["id"], "for": "me"})
        assert chat.view(chat.ben)["last_message"] == messages[last]
    ack = chat.other.command("message.delete", {"message_id": messages[1]["id"], "for": "me"})
    assert (ack["last_message"], ack["unread"]) == (None, 0)
    assert chat.view(chat.ben)["last_message"] is None
    reply = chat.send(chat.ben)
    assert (reply["seq"], chat.view(chat.ben)["last_message"]) == (7, reply)


@pytest.mark.parametrize("attempt", range(4))
def test_deleted_by_both_at_once(chat: Chat, attempt: int) -> None:
    """Each for themselves and the sender for both, some of it twice: as if one after another."""
    message = chat.send(chat.ava)
    wish = {"message_id": message["id"]}
    path = f"messages/{message['id']}?for="
    together(
        lambda: chat.phone.command("message.delete", wish | {"for": "both"}),
        lambda: chat.ava.http.delete(f"{path}both").raise_for_status(),
        lambda: chat.other.command("message.delete", wish | {"for": "me"}),
        lambda: chat.ben.http.delete(f"{path}me").raise_for_status(),
    )
    assert chat.history(chat.ben) == []
    (tombstone,) = chat.history(chat.ava)
    assert tombstone["deleted_at"] is not None
    view = chat.view(chat.ben)
    assert (view["unread"], view["last_message"]) == (0, None)
    assert [frame["type"] for frame in chat.tablet.quiet()] == ["message.deleted"]
