"""Two people's first contact, from both sides and at once, and the limits on it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from messaging.models import Conversation, Folder, Message
from messaging.tests.chat import Chat, together
from pairly.core import clock
from tests.clients import Person, Refused

pytestmark = pytest.mark.mongodb


@pytest.mark.parametrize("attempt", range(6))
def test_a_block_meets_a_first_message(live_server_url: str, attempt: int) -> None:
    """One of the two comes first, and both are answered in an order that could have been."""
    ava, ben = Person.register(live_server_url, "Ava"), Person.register(live_server_url, "Ben")
    socket = ava.socket()

    def send() -> object:
        message = {"to_user_id": ben.id, "kind": "text", "text": "hello"}
        return socket.command("message.send", {"client_id": str(uuid4())} | message)

    sent, blocked = together(send, lambda: ben.call("PUT", f"blocks/{ava.id}"))
    assert blocked is None, blocked
    assert sent == "unavailable" or isinstance(sent, dict), sent
    row = Conversation.objects.get()
    assert row.blocked
    assert Message.objects.filter(conversation=row).count() == isinstance(sent, dict)
    with pytest.raises(Refused, match="unavailable"):
        send()


def test_opening_from_both_sides_is_one_conversation(live_server_url: str) -> None:
    ava, ben = Person.register(live_server_url, "Ava"), Person.register(live_server_url, "Ben")
    opened = together(
        *(lambda: ava.open_conversation(ben) for _ in range(3)),
        *(lambda: ben.open_conversation(ava) for _ in range(3)),
    )
    assert len(set(opened)) == 1
    row = Conversation.objects.get()
    assert (row.first_folder, row.second_folder) == (Folder.INBOX, Folder.INBOX)


def test_the_first_people_of_an_empty_database_come_at_once(live_server_url: str) -> None:
    """They open the house's accounts, each for all."""
    people = together(
        *(lambda n=n: Person.register(live_server_url, f"New{n}").wallet() for n in range(8))
    )
    assert people == [{"balance": 20, "held": 0, "available": 20, "debt": 0, "frozen": False}] * 8


def write_to(sender: Person, other: Person) -> str:
    """The first message to somebody; ``sent`` or the code of its refusal."""
    wish = {"to_user_id": other.id, "client_id": str(uuid4()), "kind": "text", "text": "hello"}
    try:
        sender.socket().command("message.send", wish)
    except Refused as refused:
        return refused.code
    return "sent"


def test_so_many_messages_may_go_unanswered(chat: Chat, settings: Any) -> None:
    settings.FIRST_MESSAGES_UNANSWERED_MAX = 2
    assert [write_to(chat.ava, chat.ben) for _ in range(2)] == ["sent", "sent"]
    assert write_to(chat.ava, chat.ben) == "not_answered_yet"
    assert chat.ava.wallet()["available"] == 18
    # One's own silence does not count against the other, and an answer ends it for good.
    assert write_to(chat.ben, chat.ava) == "sent"
    assert [write_to(who, to) for who, to in ((chat.ava, chat.ben), (chat.ben, chat.ava)) * 2] == [
        "sent"
    ] * 4
    assert [write_to(chat.ava, chat.ben) for _ in range(3)] == ["sent"] * 3


def test_unanswered_ones_sent_at_once(chat: Chat, settings: Any) -> None:
    settings.FIRST_MESSAGES_UNANSWERED_MAX = 3

    def send() -> object:
        wish = {"client_id": str(uuid4()), "kind": "text", "text": "hello"}
        return chat.ava.call("POST", f"conversations/{chat.conversation}/messages", wish)["seq"]

    outcomes = together(*(send for _ in range(8)))
    assert sorted(map(str, outcomes)) == ["1", "2", "3"] + ["not_answered_yet"] * 5


def test_so_many_conversations_are_begun_on_a_day(live_server_url: str, settings: Any) -> None:
    settings.NEW_CONVERSATIONS_PER_DAY_MAX = 2
    ava, *others = (Person.register(live_server_url, f"Ava{n}") for n in range(6))
    noon = clock.now().replace(hour=12)
    with time_machine.travel(noon):
        ava.open_conversation(others[0])
        assert write_to(ava, others[1]) == "sent"
        assert write_to(ava, others[2]) == "too_many_new_conversations"
        answer = ava.http.post("conversations", json={"user_id": others[2].id})
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_new_conversations")
        assert 0 < int(answer.headers["Retry-After"]) <= 12 * 3600
        # What is begun already goes on, also by who did not begin it; nothing was charged.
        assert [write_to(ava, others[0]), write_to(others[1], ava)] == ["sent", "sent"]
        assert ava.wallet()["available"] == 18
    with time_machine.travel(noon + timedelta(hours=13)):
        assert [write_to(ava, other) for other in others[2:]] == ["sent"] * 2 + [
            "too_many_new_conversations"
        ]


def test_conversations_begun_at_once(live_server_url: str, settings: Any) -> None:
    settings.NEW_CONVERSATIONS_PER_DAY_MAX = 3
    ava, *others = (Person.register(live_server_url, f"Ava{n}") for n in range(9))

    def begin(other: Person) -> str:
        if others.index(other) % 2:
            return write_to(ava, other)
        try:
            ava.open_conversation(other)
        except Refused as refused:
            return refused.code
        return "sent"

    outcomes = together(*(lambda other=other: begin(other) for other in others))
    assert outcomes.count("sent") == 3, outcomes
    assert outcomes.count("too_many_new_conversations") == 5, outcomes
    assert len(ava.all_of("conversations")) == 3
