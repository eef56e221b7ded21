"""Conversations as each of the two has them: muted, archived, and of whom they tell what."""

import pytest

from messaging.tests.chat import Chat
from tests.clients import Json, Person

pytestmark = pytest.mark.mongodb


def listed(person: Person, query: str = "") -> list[str]:
    return [row["id"] for row in person.all_of(f"conversations{query}")]


def keep(chat: Chat, who: Person, **change: bool) -> Json:
    kept: Json = who.call("PATCH", f"conversations/{chat.conversation}", change)
    return kept


def test_an_archived_conversation_comes_back_by_a_message(chat: Chat) -> None:
    chat.forget()
    kept = keep(chat, chat.ava, archived=True)
    assert (kept["archived"], kept["muted"]) == (True, False)
    for socket in (chat.phone, chat.tablet):
        told = socket.event("conversation.updated")
        assert told["data"] == {
            "conversation_id": chat.conversation,
            "archived": True,
            "muted": False,
        }
        assert told["position"] == socket.command("presence.heartbeat")["position"]
    assert chat.other.quiet() == []
    assert (listed(chat.ava), listed(chat.ava, "?archived=true")) == ([], [chat.conversation])
    assert (listed(chat.ben), listed(chat.ben, "?archived=true")) == ([chat.conversation], [])
    # Receipts, typing and an edit leave it there; a message from either side brings it back.
    message = chat.send(chat.ben)
    assert listed(chat.ava) == [chat.conversation]
    for sender in (chat.ava, chat.ben):
        keep(chat, chat.ava, archived=True)
        chat.phone.command(
            "receipt.update", {"conversation_id": chat.conversation, "read_seq": message["seq"]}
        )
        chat.ben.call("PATCH", f"messages/{message['id']}", {"text": f"before {sender.id}"})
        assert listed(chat.ava) == []
        chat.send(sender)
        assert not chat.view(chat.ava)["archived"]
        assert listed(chat.ava) == [chat.conversation]


def test_muting_stays_until_it_is_taken_back(chat: Chat) -> None:
    keep(chat, chat.ben, muted=True)
    chat.send(chat.ava)
    assert (chat.view(chat.ben)["muted"], chat.view(chat.ava)["muted"]) == (True, False)
    both = keep(chat, chat.ben, muted=False, archived=True)
    assert (both["muted"], both["archived"]) == (False, True)


def test_what_changes_nothing_is_no_news(chat: Chat) -> None:
    chat.forget()
    for _ in range(2):
        keep(chat, chat.ava, muted=True)
        keep(chat, chat.ava, archived=False)
    assert [frame["type"] for frame in chat.tablet.quiet()] == ["conversation.updated"]


def test_only_the_two_and_only_what_is_known(chat: Chat) -> None:
    cleo = Person.register(chat.ava.url, "Cleo")
    path = f"conversations/{chat.conversation}"
    assert cleo.http.patch(path, json={"muted": True}).status_code == 404
    for body in ({}, {"muted": "perhaps"}, {"pinned": True}):
        answer = chat.ava.http.patch(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_error"), body
    for query in ("archived=perhaps", "old=1"):
        assert chat.ava.http.get(f"conversations?{query}").status_code == 400


def test_a_cursor_belongs_to_its_folder(chat: Chat) -> None:
    for name in ("Cleo", "Dan"):
        chat.ava.open_conversation(Person.register(chat.ava.url, name))
    following = chat.ava.call("GET", "conversations?limit=1")["next"]
    assert len(chat.ava.all_of(following)) == 2
    assert chat.ava.http.get(f"{following}&archived=true").status_code == 400


def test_under_a_block_a_name_is_all_that_a_conversation_tells(chat: Chat) -> None:
    """As everywhere else, where the other is not to be found at all; what they write of themselves
    from then on is not for who was blocked."""
    ava, ben = chat.ava, chat.ben

    def peers(who: Person) -> list[Json]:
        (shown,) = who.all_of("conversations")
        return [chat.view(who)["peer"], shown["peer"]]

    before = peers(ava)
    assert ben.http.put(f"blocks/{ava.id}").status_code == 204
    ben.call("PATCH", "me", {"bio": "I have moved to Lisbon", "country": "PT"})
    nothing = {"age": None, "bio": "", "country": "", "photo_url": None}
    assert peers(ava) == [{"id": ben.id, "display_name": "Ben"} | nothing] * 2
    assert peers(ben) == [{"id": ava.id, "display_name": "Ava"} | nothing] * 2
    assert ben.http.delete(f"blocks/{ava.id}").status_code == 204
    about = {"bio": "I have moved to Lisbon", "country": "PT"}
    assert peers(ava) == [one | about for one in before]
