"""What a shadow restricted person writes reaches nobody, and they are not told."""

from uuid import UUID, uuid4

import pytest

from messaging.models import Hidden, Message
from messaging.staff_selectors import messages_of_conversation
from messaging.tests.chat import Chat
from pairly.accounts.models import User
from pairly.core import clock
from tests.clients import Person, Refused
from tests.state import State

pytestmark = pytest.mark.mongodb


def restrict(person: Person, *, on: bool = True) -> None:
    User.objects.filter(pk=person.id).update(shadow_restricted_at=clock.now() if on else None)


def test_nothing_of_theirs_reaches_the_other(chat: Chat) -> None:
    before = chat.send(chat.ava, "before")
    restrict(chat.ava)
    state, position = State(chat.ben), chat.other.command("presence.heartbeat")["position"]
    wish = {"conversation_id": chat.conversation, "client_id": str(uuid4()), "kind": "text"}
    ack = chat.phone.command("message.send", wish | {"text": "hidden"})
    hidden = ack["message"]
    # Their own devices show it as any other; it costs nothing, since nobody gets it.
    assert (hidden["seq"], hidden["price"], ack["wallet"]["available"]) == (2, 0, 19)
    assert chat.tablet.event("message.new")["data"]["message"] == hidden
    assert chat.history(chat.ava) == [before, hidden]
    assert chat.view(chat.ava)["last_message"] == hidden
    chat.phone.command("typing.start", {"conversation_id": chat.conversation})
    chat.phone.command("message.edit", {"message_id": hidden["id"], "text": "still hidden"})
    chat.phone.command("message.delete", {"message_id": hidden["id"], "for": "both"})
    chat.send(chat.ava, "hidden as well")
    # What had been delivered is edited no more.
    with pytest.raises(Refused, match="too_late"):
        chat.phone.command("message.edit", {"message_id": before["id"], "text": "other"})
    assert chat.other.quiet() == []
    assert chat.other.command("presence.heartbeat")["position"] == position
    assert State(chat.ben).as_lists() == state.as_lists()
    for command in ("message.edit", "message.delete"):
        data = {"message_id": hidden["id"]} | (
            {"for": "me"} if command == "message.delete" else {"text": "mine"}
        )
        with pytest.raises(Refused, match="not_found"):
            chat.other.command(command, data)
    assert chat.ben.http.get(f"messages/{hidden['id']}").status_code == 404
    with pytest.raises(Refused, match="validation_error"):
        chat.other.command("receipt.update", wish_receipt(chat, 2))
    # The other writes on, and the numbers go on for both.
    reply = chat.send(chat.ben, "are you there?")
    assert [message["seq"] for message in chat.history(chat.ben)] == [1, 4]
    assert chat.history(chat.ava)[-1] == reply
    rows = messages_of_conversation(UUID(chat.conversation), before_seq=None, after_seq=0, limit=10)
    assert [bool(row.hidden & Hidden.WITHHELD) for row in rows] == [False, True, True, False]


def wish_receipt(chat: Chat, seq: int) -> dict[str, object]:
    return {"conversation_id": chat.conversation, "read_seq": seq}


def test_a_conversation_of_theirs_begins_for_nobody_else(live_server_url: str) -> None:
    ava, ben = Person.register(live_server_url, "Ava"), Person.register(live_server_url, "Ben")
    restrict(ava)
    watching = ben.socket()
    conversation = ava.open_conversation(ben)
    socket = ava.socket()
    wish = {"client_id": "1", "kind": "text", "text": "hello", "conversation_id": conversation}
    socket.command("message.send", wish)
    assert watching.quiet() == []
    assert ben.all_of("conversations") == []
    assert ben.http.get(f"conversations/{conversation}").status_code == 404
    socket.command("typing.start", {"conversation_id": conversation})
    socket.command("receipt.update", {"conversation_id": conversation, "read_seq": 1})
    assert watching.quiet() == []
    # It begins when the other opens it, or when they may be heard again.
    restrict(ava, on=False)
    socket.command("message.send", wish | {"client_id": "2", "text": "hello again"})
    assert watching.event("message.new")["data"]["message"]["text"] == "hello again"
    (shown,) = ben.all_of("conversations")
    assert (shown["id"], shown["unread"], shown["last_seq"]) == (conversation, 1, 2)
    history = ben.all_of(f"conversations/{conversation}/messages?after_seq=0")
    assert [message["text"] for message in history] == ["hello again"]
    assert Message.objects.count() == 2


def test_the_other_may_open_it(live_server_url: str) -> None:
    ava, ben = Person.register(live_server_url, "Ava"), Person.register(live_server_url, "Ben")
    restrict(ava)
    conversation = ava.open_conversation(ben)
    socket = ben.socket()
    answer = ben.http.post("conversations", json={"user_id": ava.id})
    assert (answer.status_code, answer.json()["id"]) == (201, conversation)
    assert socket.event("conversation.opened")["data"]["conversation_id"] == conversation
    assert ben.http.post("conversations", json={"user_id": ava.id}).status_code == 200
