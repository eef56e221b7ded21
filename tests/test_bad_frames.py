"""Frames that no client of good will sends: refused with a code, and nothing comes of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from tests.clients import Closed, Json, Person, Refused, Socket, create_people, text_message
from tests.conftest import StartServer
from tests.servers import RunningServer
from tests.sizes import servers
from tests.stored import settled

pytestmark = pytest.mark.mongodb(from_ci=True)

FRAME_BYTES_MAX = 65_536
BAD_FRAMES_PER_MINUTE = 50
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


@dataclass
class Scene:
    """Ava and Ben have a conversation of one message; Cleo has one with Dan, and one with Ava."""

    server: RunningServer
    ava: Person
    ben: Person
    cleo: Person
    conversation_id: str
    others_conversation_id: str
    others_message_id: str
    message_of_another_conversation_id: str

    def message(self, **changes: object) -> Json:
        """The data of a good message but for these changes; None leaves a field out."""
        data = text_message(self.conversation_id, "hello", str(uuid4())) | changes
        return {name: value for name, value in data.items() if value is not None}


@pytest.fixture(params=servers())
def scene(request: pytest.FixtureRequest, start_server: StartServer) -> Iterator[Scene]:
    server = start_server(request.param)
    ava, ben, cleo, dan = create_people(server, 4, credits=20)

    def start(person: Person, other: Person, client_id: str = "first") -> Json:
        wish = {"to_user_id": other.id, "client_id": client_id, "kind": "text", "text": "hi"}
        sent: Json = person.socket().command("message.send", wish)["message"]
        return sent

    mine, others, another = start(ava, ben), start(cleo, dan), start(cleo, ava, "next")
    yield Scene(
        server=server,
        ava=ava,
        ben=ben,
        cleo=cleo,
        conversation_id=mine["conversation_id"],
        others_conversation_id=others["conversation_id"],
        others_message_id=others["id"],
        message_of_another_conversation_id=another["id"],
    )
    for person in (ava, ben, cleo, dan):
        person.close()


def frame(type: object = "sync", id: object = "x", data: object = None, **more: object) -> str:
    return json.dumps({"type": type, "id": id, "data": data or {"since": 0}} | more)


def malformed(scene: Scene) -> dict[str, tuple[str, str | None]]:
    """What is no frame at all: the text, and the id that the refusal can name."""
    deep = '{"a":' * 5000 + "1" + "}" * 5000
    data = scene.message()
    return {
        "nothing": ("", None),
        "not JSON": ("{", None),
        "half a frame": (frame()[:-1], None),
        "two frames": (frame() + frame(), None),
        "an array": ("[1, 2]", None),
        "a text": ('"sync"', None),
        "a number": ("1e400", None),
        "null": ("null", None),
        "single quotes": ("{'type': 'sync'}", None),
        "no type": ('{"id": "x", "data": {}}', "x"),
        "an unknown type": (frame("message.teleport"), "x"),
        "an event's type": (frame("message.new"), "x"),
        "a type that is a number": (frame(7), "x"),
        "a type that is null": (frame(None), "x"),
        "no id": ('{"type": "sync", "data": {"since": 0}}', None),
        "an empty id": (frame(id=""), ""),
        "an id of 65 characters": (frame(id="x" * 65), None),
        "an id that is a number": (frame(id=7), None),
        "an id that is an object": (frame(id={"a": 1}), None),
        "no data": ('{"type": "sync", "id": "x"}', "x"),
        "data that are a list": (frame(data=[1]), "x"),
        "data that are a text": (frame(data="since"), "x"),
        "a text for a number": (frame(data={"since": "0"}), "x"),
        "a negative number": (frame(data={"since": -1}), "x"),
        "a fraction": (frame(data={"since": 1.5}), "x"),
        "a number beyond 64 bits": (frame(data={"since": 10**40}), "x"),
        "a number beyond any": ('{"type":"sync","id":"x","data":{"since":1e999}}', None),
        "NaN": ('{"type":"sync","id":"x","data":{"since":NaN}}', None),
        "truth for a number": (frame(data={"since": True}), "x"),
        "a list for a text": (frame("message.send", data=data | {"text": ["hello"]}), "x"),
        "an object for a text": (frame("message.send", data=data | {"text": {"a": 1}}), "x"),
        "a number for an id": (frame("message.send", data=data | {"conversation_id": 5}), "x"),
        "an id that is none": (frame("message.send", data=data | {"conversation_id": "mine"}), "x"),
        "a null for a text": (frame("message.send", data=data | {"text": None}), "x"),
        "an unknown kind": (frame("message.send", data=data | {"kind": "poem"}), "x"),
        "attachments that are no list": (
            frame("message.send", data=data | {"attachment_ids": "all"}),
            "x",
        ),
        "an unknown way to delete": (
            frame("message.delete", data={"message_id": UNKNOWN_ID, "for": "all"}),
            "x",
        ),
        "no way to delete": (frame("message.delete", data={"message_id": UNKNOWN_ID}), "x"),
        "an edit without a text": (frame("message.edit", data={"message_id": UNKNOWN_ID}), "x"),
        "an empty client_id": (frame("message.send", data=data | {"client_id": ""}), "x"),
        "a long client_id": (frame("message.send", data=data | {"client_id": "x" * 65}), "x"),
        "a lone surrogate": (
            frame("message.send", data=data | {"text": "TEXT"}).replace("TEXT", "\\ud800"),
            None,
        ),
        "a control character in JSON": (
            frame("message.send", data=data | {"text": "TEXT"}).replace("TEXT", "\x01"),
            None,
        ),
        "deep nesting": (deep, None),
        "deep nesting in an unknown field": (
            f'{{"type":"sync","id":"x","data":{{"since":0,"more":{deep}}}}}',
            None,
        ),
    }


Wish = tuple[str, str, Json]
"""A frame that is well made and asks for what may not be: code, type and data."""

BAD = "validation_error"


def refused(scene: Scene) -> dict[str, Wish]:
    return refused_sends(scene) | refused_changes(scene) | refused_signs(scene)


def refused_sends(scene: Scene) -> dict[str, Wish]:
    def send(code: str = BAD, **changes: object) -> Wish:
        return code, "message.send", scene.message(**changes)

    def to(user_id: str, code: str = BAD) -> Wish:
        return send(code, conversation_id=None, to_user_id=user_id)

    return {
        "empty text": send(text=""),
        "blank text": send(text=" \n\t "),
        "a long text": send(text="x" * 5001),
        "a long text of wide characters": send(text="ü" * 5001),
        "NUL in the text": send(text="a\0b"),
        "NUL in the client_id": send(client_id="a\0b"),
        "a line feed in the client_id": send(client_id="a\nb"),
        "to nobody": send(conversation_id=None),
        "to two": send(to_user_id=scene.ben.id),
        "to oneself": to(scene.ava.id),
        "an unknown person": to(UNKNOWN_ID, "not_found"),
        "an unknown conversation": send("not_found", conversation_id=UNKNOWN_ID),
        "others' conversation": send("not_found", conversation_id=scene.others_conversation_id),
        "a message for a conversation": send("not_found", conversation_id=scene.others_message_id),
        "a reply to nothing": send(reply_to_id=UNKNOWN_ID),
        "a reply to others' message": send(reply_to_id=scene.others_message_id),
        "a reply to another conversation": send(
            reply_to_id=scene.message_of_another_conversation_id
        ),
        "a used client_id": send("client_id_conflict", client_id="first"),
        "a picture without one": send(kind="image"),
        "an attachment that is none": send(kind="image", attachment_ids=[UNKNOWN_ID]),
        "an attachment of a text": send(attachment_ids=[UNKNOWN_ID]),
    }


def refused_changes(scene: Scene) -> dict[str, Wish]:
    others, heard = scene.others_message_id, scene.message_of_another_conversation_id

    def edit(code: str, message_id: str, text: str = "hello") -> Wish:
        return code, "message.edit", {"message_id": message_id, "text": text}

    def delete(code: str, message_id: str, scope: str) -> Wish:
        return code, "message.delete", {"message_id": message_id, "for": scope}

    return {
        "an edit of nothing": edit("not_found", UNKNOWN_ID),
        "an edit among others": edit("not_found", others),
        "an edit of the other's words": edit("permission_denied", heard),
        "NUL in an edit": edit(BAD, others, "a\0b"),
        "a deletion among others": delete("not_found", others, "me"),
        "a deletion of nothing": delete("not_found", UNKNOWN_ID, "both"),
        "a deletion of the other's words": delete("permission_denied", heard, "both"),
    }


def refused_signs(scene: Scene) -> dict[str, Wish]:
    mine = {"conversation_id": scene.conversation_id}
    others = {"conversation_id": scene.others_conversation_id}
    nowhere = {"conversation_id": UNKNOWN_ID}
    return {
        "others' receipts": ("not_found", "receipt.update", others | {"read_seq": 1}),
        "a receipt of nothing": (BAD, "receipt.update", mine),
        "a receipt of what is to come": (BAD, "receipt.update", mine | {"delivered_seq": 2}),
        "typing among others": ("not_found", "typing.start", others),
        "typing nowhere": ("not_found", "typing.stop", nowhere),
    }


def test_nothing_comes_of_bad_frames(scene: Scene, server_database_url: str) -> None:
    socket, peer, stranger = scene.ava.socket(), scene.ben.socket(), scene.cleo.socket()
    before = settled(server_database_url)
    for one in (socket, peer, stranger):
        one.quiet()  # the scene's own message may have been told of only now

    assert len(malformed(scene)) < BAD_FRAMES_PER_MINUTE
    for name, (text, identifier) in malformed(scene).items():
        socket.send_raw(text)
        with pytest.raises(Refused) as refusal:
            socket.answer(identifier)
        error = refusal.value.error
        assert (error["code"], bool(error["trace_id"])) == ("validation_error", True), name
        assert error["title"] and error["detail"], name
    for name, (code, type, data) in refused(scene).items():
        with pytest.raises(Refused) as refusal:
            socket.command(type, data)
        assert (refusal.value.code, bool(refusal.value.trace_id)) == (code, True), name
        assert str(scene.others_message_id) not in str(refusal.value.error), name

    assert settled(server_database_url) == before
    assert socket.quiet() == peer.quiet() == stranger.quiet() == []
    # The socket is as good as new, and so is the client_id of a refused message.
    wish = scene.message()
    with pytest.raises(Refused):
        socket.command("message.send", wish | {"text": ""})
    assert socket.command("message.send", wish)["message"]["seq"] == 2
    assert peer.event("message.new")["data"]["message"]["text"] == "hello"
    assert scene.ava.wallet()["available"] == 18
    assert "internal_error" not in scene.server.log()
    assert "Traceback" not in scene.server.log()


def test_the_frames_that_end_a_socket(scene: Scene, server_database_url: str) -> None:
    sockets = {name: scene.ava.socket() for name in ("big", "bigger", "binary", "flood")}
    bystander = scene.ava.sign_in().socket()
    before = settled(server_database_url)
    bystander.quiet()  # she is told of her own sign-in

    # A frame of just the size is taken; it counts in bytes, not in characters.
    sockets["big"].send_raw(frame(id="fits").ljust(FRAME_BYTES_MAX))
    assert sockets["big"].answer("fits")["data"]["resync"] is False
    sockets["big"].send_raw(frame().ljust(FRAME_BYTES_MAX + 1))
    assert sockets["big"].close_code() == 4413
    sockets["bigger"].send_raw(json.dumps({"type": "ü" * FRAME_BYTES_MAX}, ensure_ascii=False))
    assert sockets["bigger"].close_code() == 4413
    sockets["binary"].send_raw(frame().encode())
    assert sockets["binary"].close_code() == 4400

    refusals, code = flood(sockets["flood"])
    # So many at once; a part of the allowance comes back with time, which is the machine's matter.
    assert (refusals >= BAD_FRAMES_PER_MINUTE, code) == (True, 4400)
    # What is no UTF-8 is no frame: the transport ends the connection, Daphne without a word.
    mangled = scene.ava.socket()
    mangled.send_raw(b'{"type": "sync", "id": "\xff\xfe"}', as_text=True)
    assert mangled.close_code() in (1007, None)

    assert bystander.quiet() == []
    assert settled(server_database_url) == before
    assert scene.ava.socket().command("sync", {"since": 0})["resync"] is False


def flood(socket: Socket) -> tuple[int, int | None]:
    """Bad frames until the server has had enough: how many it answered, and its close code. One at
    a time: a connection that is closed with something unread loses what was on its way back."""
    for answered in range(BAD_FRAMES_PER_MINUTE * 4):
        try:
            socket.send_raw("{")
            socket.answer(None)
        except Refused:
            continue
        except Closed as closed:
            return answered, closed.code
    raise AssertionError("the server never has enough")
