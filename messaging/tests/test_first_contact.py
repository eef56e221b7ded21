"""Two people's first contact, from both sides and at once."""

from uuid import uuid4

import pytest

from messaging.models import Conversation, Folder, Message
from messaging.tests.chat import together
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
