"""Steps about chat: messages, receipts, typing, several devices, re-sends and catching up."""

from typing import Any
from uuid import uuid4

from pairly.demo.clients import Json
from pairly.demo.story import CheckFailed, Story, expect, expect_refusal

__all__ = [
    "archive",
    "catch_up",
    "delete_for_both",
    "delete_for_oneself",
    "edit",
    "open_conversation",
    "read_receipts",
    "refuse_other_content",
    "reply_over_rest",
    "resend",
    "send_message",
    "show_typing",
]

MISSED_MESSAGES = 5


def text_message(conversation_id: str, text: str) -> Json:
    return {
        "conversation_id": conversation_id,
        "client_id": str(uuid4()),
        "kind": "text",
        "text": text,
    }


def open_conversation(story: Story) -> str:
    """Ava opens the conversation, every device is told; opened again it is the same one"""
    first = story.ava.http.post("conversations", json={"user_id": story.ben.id})
    second = story.ben.http.post("conversations", json={"user_id": story.ava.id})
    expect((first.status_code, second.status_code), (201, 200), "statuses of the two")
    story.conversation_id = first.json()["id"]
    expect(second.json()["id"], story.conversation_id, "the conversation's id")
    for socket in (
        *(story.ava_socket, story.ava_tablet_socket),
        *(story.ben_socket, story.ben_tablet_socket),
    ):
        told = socket.event("conversation.opened")["data"]["conversation_id"]
        expect(told, story.conversation_id, "the conversation that a device is told of")
    return "201, then 200"


def show_typing(story: Story) -> str:
    """Ben's two devices see Ava typing; it is not kept"""
    before = story.ben_socket.command("presence.heartbeat")["position"]
    story.ava_socket.command("typing.start", {"conversation_id": story.conversation_id})
    for socket in (story.ben_socket, story.ben_tablet_socket):
        event = socket.event("typing")
        expect(event["data"]["user_id"], story.ava.id, "who types")
        expect((event["data"]["active"], "position" in event), (True, False), "the typing event")
    expect(story.ben_socket.catch_up(before), [], "events kept of typing")
    return "2 devices, no position"


def send_message(story: Story) -> str:
    """A message costs its price and reaches every device of both"""
    before = story.ava.wallet()["available"]
    story.first_wish = text_message(story.conversation_id, "Hello Ben!")
    ack = story.ava_socket.answer(story.ava_socket.send("message.send", story.first_wish))
    story.first_message = message = ack["data"]["message"]
    expect((message["text"], message["seq"]), ("Hello Ben!", 1), "the acked message")
    expect(ack["data"]["wallet"]["available"], before - message["price"], "credits afterwards")
    copy = story.ava_tablet_socket.event("message.new")
    expect(copy["position"], ack["position"], "position of ack and of the other device's event")
    for socket in (story.ava_tablet_socket, story.ben_socket, story.ben_tablet_socket):
        seen = copy if socket is story.ava_tablet_socket else socket.event("message.new")
        expect(seen["data"]["message"], message, "the message at another device")
    expect([f["type"] for f in story.ava_socket.quiet()], [], "events at the sending socket")
    return f"{message['price']} credit, 3 devices besides the sender's"


def read_receipts(story: Story) -> str:
    """Delivered, then read: Ava's devices and Ben's other one see both"""
    for name in ("delivered_seq", "read_seq"):
        wish = {"conversation_id": story.conversation_id, name: 1}
        story.ben_socket.command("receipt.update", wish)
        for socket in (story.ava_socket, story.ava_tablet_socket, story.ben_tablet_socket):
            told = socket.event("receipt.updated")["data"]
            expect((told["user_id"], told[name]), (story.ben.id, 1), f"{name} at another device")
    shown = story.ava.call("GET", f"conversations/{story.conversation_id}")
    marks = (shown["peer_delivered_seq"], shown["peer_read_seq"])
    expect(marks, (1, 1), "watermarks over REST")
    return "on 3 devices"


def reply_over_rest(story: Story) -> str:
    """Ben answers over REST; every socket hears of it, his own too"""
    wish = text_message(story.conversation_id, "Hello Ava!")
    del wish["conversation_id"]
    wish["reply_to_id"] = story.first_message["id"]
    reply = story.ben.call("POST", f"conversations/{story.conversation_id}/messages", wish)
    expect((reply["seq"], reply["reply_to_id"]), (2, story.first_message["id"]), "the reply")
    sockets = (
        story.ava_socket,
        story.ava_tablet_socket,
        story.ben_socket,
        story.ben_tablet_socket,
    )
    for socket in sockets:
        arrived = socket.event("message.new")["data"]["message"]
        expect(arrived["id"], reply["id"], "the reply at a socket")
    return "on all 4 devices"


def resend(story: Story) -> str:
    """A re-send with the same client_id gives the first message and charges nothing"""
    before = story.ava.wallet()
    again = story.ava_socket.command("message.send", story.first_wish)["message"]
    expect(again, story.first_message, "the message acked again")
    wish = {k: v for k, v in story.first_wish.items() if k != "conversation_id"}
    answer = story.ava.http.post(f"conversations/{story.conversation_id}/messages", json=wish)
    expect((answer.status_code, answer.json()["id"]), (200, again["id"]), "the same over REST")
    expect(story.ava.wallet(), before, "the wallet after two re-sends")
    pushed = [f for f in story.ben_socket.quiet() if f["type"] == "message.new"]
    expect(pushed, [], "pushes to Ben of the re-sends")
    return f"{before['available']} credits before and after"


def refuse_other_content(story: Story) -> str:
    """The same client_id with other content is refused"""
    other = story.first_wish | {"text": "something else"}
    expect_refusal("client_id_conflict", story.ava_socket.command, "message.send", other)
    return "client_id_conflict"


def edit(story: Story) -> str:
    """An edited message changes on every device of both; its client_id stays what it was"""
    wish = {"message_id": story.first_message["id"], "text": "Hello, dear Ben!"}
    ack = story.ava_socket.answer(story.ava_socket.send("message.edit", wish))
    edited = ack["data"]["message"]
    expect((edited["text"], edited["edited_at"] is None), (wish["text"], False), "the edit")
    for socket in (story.ava_tablet_socket, story.ben_socket, story.ben_tablet_socket):
        seen = socket.event("message.updated")["data"]["message"]
        expect(seen, edited, "the edited message at another device")
    again = story.ava_socket.command("message.send", story.first_wish)["message"]
    expect(again, edited, "the message that a re-send acks")
    expect_refusal("permission_denied", story.ben_socket.command, "message.edit", wish)
    return "on 3 devices besides the editor's"


def delete_for_oneself(story: Story) -> str:
    """A message that Ben deletes for himself is gone from his view, and from nobody else's"""
    path = f"conversations/{story.conversation_id}/messages?after_seq=0"
    before = story.ben.all_of(path)
    wish = {"message_id": before[0]["id"], "for": "me"}
    story.ben_socket.command("message.delete", wish)
    told = story.ben_tablet_socket.event("message.deleted")["data"]
    expect((told["message_id"], told["for"]), (before[0]["id"], "me"), "what the tablet is told")
    expect(story.ben.all_of(path), before[1:], "Ben's history")
    expect(story.ava.all_of(path), before, "Ava's history")
    return f"{len(before)} messages, {len(before) - 1} left for Ben"


def delete_for_both(story: Story) -> str:
    """A message deleted for both leaves a tombstone; unread, it no longer counts"""
    before = story.ben.call("GET", f"conversations/{story.conversation_id}")["unread"]
    wish = text_message(story.conversation_id, "I take this back")
    message = story.ava_socket.command("message.send", wish)["message"]
    delete = {"message_id": message["id"], "for": "both"}
    story.ava_socket.command("message.delete", delete)
    for socket in (story.ava_tablet_socket, story.ben_socket, story.ben_tablet_socket):
        left = socket.event("message.deleted")["data"]["message"]
        shown = (left["id"], left["seq"], left["text"], left["deleted_at"] is None)
        expect(shown, (message["id"], message["seq"], "", False), "the tombstone at a device")
    after = story.ben.call("GET", f"conversations/{story.conversation_id}")
    expect((after["unread"], after["last_message"]), (before, left), "Ben's conversation")
    return "a tombstone on every device"


def archive(story: Story) -> str:
    """Ben mutes and archives; a message brings the conversation back, still muted"""
    path = f"conversations/{story.conversation_id}"
    story.ben.call("PATCH", path, {"muted": True, "archived": True})
    for socket in (story.ben_socket, story.ben_tablet_socket):
        told = socket.event("conversation.updated")["data"]
        expect((told["muted"], told["archived"]), (True, True), "what Ben's device is told")
    expect(story.ben.all_of("conversations"), [], "Ben's list")
    archived = [row["id"] for row in story.ben.all_of("conversations?archived=true")]
    expect(archived, [story.conversation_id], "Ben's archive")
    story.ava_socket.command(
        "message.send", text_message(story.conversation_id, "Are you still there?")
    )
    back = story.ben.call("GET", path)
    expect((back["muted"], back["archived"]), (True, False), "Ben's conversation")
    expect([row["id"] for row in story.ben.all_of("conversations")], archived, "Ben's list")
    return "archived, and back by a message"


def catch_up(story: Story) -> str:
    """A dropped socket catches up by sync: once, in order, then nothing"""
    since = story.ben_tablet_socket.command("presence.heartbeat")["position"]
    story.ben_tablet_socket.close()
    sent = [
        story.ava_socket.command(
            "message.send", text_message(story.conversation_id, f"You missed {number}")
        )["message"]
        for number in range(1, MISSED_MESSAGES + 1)
    ]
    story.ben_tablet_socket = story.ben_tablet.socket()
    events = story.ben_tablet_socket.catch_up(since)
    positions = [event["position"] for event in events]
    expect(positions, list(range(since + 1, since + 1 + len(sent))), "positions caught up")
    expect([event["data"]["message"] for event in events], sent, "messages caught up")
    expect(story.ben_tablet_socket.catch_up(positions[-1]), [], "events of a second sync")
    _expect_same_over_rest(story, since, events)
    return f"{len(events)} events"


def _expect_same_over_rest(story: Story, since: int, events: list[Any]) -> None:
    answer = story.ben.call("GET", f"sync?since={since}")
    if answer["events"] != events:
        raise CheckFailed("sync over REST gives other events than over the socket")
