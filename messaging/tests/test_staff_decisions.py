"""What a classifier says before a message goes out, and what staff decide afterwards."""

import json
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from messaging.models import Message
from messaging.services import moderation
from messaging.tests.chat import Chat
from pairly.core import clock
from pairly.core.errors import NotFound
from tests.clients import Json

pytestmark = pytest.mark.mongodb


def decide(decision: Callable[..., Any], message: Json) -> Any:
    return decision(message_id=UUID(message["id"]), now=clock.now())


def test_hidden_by_staff_gone_from_both_views_and_refunded_once(chat: Chat) -> None:
    kept, bad = chat.send(chat.ava, "fine"), chat.send(chat.ava, "not fine")
    assert decide(moderation.hide_message, bad) is True
    assert decide(moderation.hide_message, bad) is False
    for socket, unread in ((chat.phone, 0), (chat.tablet, 0), (chat.other, 1)):
        (told,) = [frame["data"] for frame in socket.quiet()]
        assert (told["message_id"], told["for"], told["unread"]) == (bad["id"], "staff", unread)
        assert told["last_message"] == kept
    for person in (chat.ava, chat.ben):
        assert chat.history(person) == [kept]
        assert person.http.get(f"messages/{bad['id']}").status_code == 404
        assert person.http.delete(f"messages/{bad['id']}?for=me").status_code == 404
        # Nor does who was away read it when catching up.
        assert "not fine" not in json.dumps(person.call("GET", "sync?since=0"))
    assert [decide(moderation.refund_message, bad) for _ in range(3)] == [1, 0, 0]
    assert chat.tablet.event("wallet.updated")["data"]["available"] == 19
    assert chat.ava.wallet()["available"] == 19
    assert [row["credits"] for row in chat.ava.all_of("wallet/transactions")][:1] == [1]
    # Restored, it is in its old place for both, read by nobody.
    assert decide(moderation.restore_message, bad) is True
    assert decide(moderation.restore_message, bad) is False
    told = chat.other.event("message.restored")["data"]
    assert told == {"message": bad, "unread": 2, "last_message": bad}
    assert chat.history(chat.ben) == chat.history(chat.ava) == [kept, bad]


def test_two_refunds_at_once_give_back_once(chat: Chat) -> None:
    message = chat.send(chat.ava)
    given: list[int] = []

    def refund() -> None:
        from django.db import connections

        given.append(decide(moderation.refund_message, message))
        connections.close_all()

    threads = [threading.Thread(target=refund) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == [0, 0, 0, 1]
    assert chat.ava.wallet()["available"] == 20


def test_restored_to_who_had_not_deleted_it(chat: Chat) -> None:
    first, second = chat.send(chat.ava), chat.send(chat.ava)
    chat.ben.http.delete(f"messages/{first['id']}?for=me")
    chat.forget()
    decide(moderation.hide_message, first)
    assert (len(chat.phone.quiet()), chat.other.quiet()) == (1, [])
    decide(moderation.restore_message, first)
    assert (len(chat.phone.quiet()), chat.other.quiet()) == (1, [])
    assert (chat.history(chat.ava), chat.history(chat.ben)) == ([first, second], [second])


def test_erased_for_ever(chat: Chat) -> None:
    message = chat.send(chat.ava, "for nobody's eyes")
    for _ in range(2):
        decide(moderation.erase_message, message)
    row = Message.objects.get(pk=message["id"])
    assert (row.text, row.seq) == ("", 1)
    assert [frame["type"] for frame in chat.other.quiet()] == ["message.deleted"]
    # There is nothing to put back.
    assert decide(moderation.restore_message, message) is False
    assert chat.history(chat.ava) == chat.history(chat.ben) == []
    assert chat.send(chat.ava)["seq"] == 2


def test_what_is_not_there(chat: Chat) -> None:
    for decision in (
        moderation.hide_message,
        moderation.restore_message,
        moderation.refund_message,
        moderation.erase_message,
    ):
        with pytest.raises(NotFound):
            decision(message_id=uuid4(), now=clock.now())
