"""What a message costs by its kind, and what of that its recipient gets."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from messaging.attachments.tests import samples
from messaging.services.moderation import refund_message
from messaging.tests.chat import Chat
from pairly.core import clock
from tests.clients import Json, Person, Refused

pytestmark = pytest.mark.mongodb

FILES = {
    "image": samples.picture(),
    "audio": samples.mp4(b"soun"),
    "video": samples.mp4(b"vide"),
    "file": b"%PDF-1.7\n",
}


@pytest.fixture(autouse=True)
def own_storage(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def upload(person: Person, kind: str) -> str:
    answer = person.http.post("attachments", files={"file": (f"a {kind}", FILES[kind])})
    assert (answer.status_code, answer.json().get("kind")) == (201, kind), answer.text
    return str(answer.json()["id"])


def wish(chat: Chat, kind: str, **fields: object) -> Json:
    address = {"conversation_id": chat.conversation, "client_id": str(uuid4()), "kind": kind}
    return address | fields


def test_every_kind_has_its_price(chat: Chat) -> None:
    available = 20
    for kind, price in {"text": 1, "image": 2, "audio": 2, "video": 3, "file": 2}.items():
        content: Json = {"text": "hello"}
        if kind != "text":
            content = {"attachment_ids": [upload(chat.ava, kind)]}
        ack = chat.phone.command("message.send", wish(chat, kind, **content))
        available -= price
        assert (ack["message"]["price"], ack["wallet"]["available"]) == (price, available)
        assert ack["message"]["text"] == content.get("text", "")
        assert [one["kind"] for one in ack["message"]["attachments"]] == [kind] * (kind != "text")
        arrived = chat.other.event("message.new")["data"]["message"]
        assert arrived == ack["message"] == chat.history(chat.ben)[-1]
    assert chat.ava.wallet()["available"] == available


def test_what_a_kind_must_and_must_not_carry(chat: Chat, settings: Any) -> None:
    settings.MESSAGE_ATTACHMENTS_MAX = 2
    pictures = [upload(chat.ava, "image") for _ in range(3)]

    def refusal(**fields: Any) -> str:
        fields.setdefault("kind", "image")
        answer = chat.ava.http.post(
            f"conversations/{chat.conversation}/messages",
            json={"client_id": str(uuid4()), **fields},
        )
        assert answer.status_code == 400, answer.text
        return str(answer.json()["errors"][0]["field"])

    assert refusal() == refusal(attachment_ids=[]) == "attachment_ids"
    assert refusal(attachment_ids=pictures) == "attachment_ids"
    assert refusal(attachment_ids=[pictures[0], pictures[0]]) == "attachment_ids"
    assert refusal(kind="text", text="hello", attachment_ids=pictures[:1]) == "attachment_ids"
    assert refusal(kind="video", attachment_ids=pictures[:1]) == "attachment_ids"
    assert refusal(kind="text") == "text"
    assert refusal(kind="poem", text="hello") == "kind"
    assert chat.ava.wallet()["available"] == 20
    # A refused message takes nothing, so the same attachments travel with the next one; and a
    # client id stands for its attachments too.
    body = wish(chat, "image", text=" two of them ", attachment_ids=pictures[:2])
    message = chat.phone.command("message.send", body)["message"]
    assert (message["text"], len(message["attachments"])) == ("two of them", 2)
    assert chat.phone.command("message.send", body)["message"] == message
    with pytest.raises(Refused, match="client_id_conflict"):
        chat.phone.command("message.send", body | {"attachment_ids": pictures[:1]})
    # A caption may be edited away, a text may not.
    edited = chat.ava.call("PATCH", f"messages/{message['id']}", {"text": ""})
    assert (edited["text"], edited["attachments"]) == ("", message["attachments"])


def test_too_few_credits_leave_the_attachment_free(
    chat: Chat, give: Callable[[Person, int], None]
) -> None:
    video = upload(chat.ava, "video")
    for _ in range(18):
        chat.phone.command("message.send", wish(chat, "text", text="hello"))
    body = wish(chat, "video", attachment_ids=[video])
    with pytest.raises(Refused, match="insufficient_credits"):
        chat.phone.command("message.send", body)
    give(chat.ava, 1)
    assert chat.phone.command("message.send", body)["wallet"]["available"] == 0


def test_a_share_goes_to_the_recipient_and_back(chat: Chat, settings: Any) -> None:
    from payments.ledger.accounts import EARNINGS, personal_key
    from payments.ledger.books import ACCOUNTS

    def earned(person: Person) -> int:
        ((_id, _key, balance, *_rest),) = ACCOUNTS.select(
            "key", [personal_key(UUID(person.id), EARNINGS)]
        )
        return int(balance)

    settings.MESSAGE_RECIPIENT_SHARE_PERCENT = 50
    video = chat.phone.command(
        "message.send", wish(chat, "video", attachment_ids=[upload(chat.ava, "video")])
    )
    chat.send(chat.ava)  # half of one credit is none
    assert (video["wallet"]["available"], earned(chat.ben), earned(chat.ava)) == (17, 1, 0)
    assert chat.ava.wallet()["available"] == 16
    message_id = UUID(video["message"]["id"])
    assert [refund_message(message_id=message_id, now=clock.now()) for _ in range(2)] == [3, 0]
    assert (chat.ava.wallet()["available"], earned(chat.ben)) == (19, 0)
