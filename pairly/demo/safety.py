"""Steps about what must not happen: bad input, unwanted messages, sign-outs that linger."""

from typing import Any

from pairly.demo.chat import text_message
from pairly.demo.clients import PASSWORD, Socket
from pairly.demo.story import Story, expect, expect_refusal

__all__ = [
    "block",
    "leave",
    "refuse_bad_frames",
    "refuse_bad_requests",
    "refuse_forbidden_words",
    "report",
    "sign_out",
]

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


def refuse_bad_frames(story: Story) -> str:
    """Frames that make no sense get a code and a trace id, and the socket stays open"""
    socket = story.ben_socket
    frames = {
        "not JSON": "{",
        "no object": "[]",
        "unknown type": '{"type": "message.teleport", "id": null, "data": {}}',
        "no id": '{"type": "sync", "data": {"since": 0}}',
    }
    for frame in frames.values():
        socket.send_raw(frame)
        expect_refusal("validation_error", socket.answer, None)
    for text in ("", "   ", "x" * 5001):
        wish = text_message(story.conversation_id, text)
        expect_refusal("validation_error", socket.command, "message.send", wish)
    wish = text_message(UNKNOWN_ID, "Is anybody there?")
    expect_refusal("not_found", socket.command, "message.send", wish)
    return f"{len(frames) + 4} refusals"


def refuse_bad_requests(story: Story) -> str:
    """Requests that make no sense get problem details"""
    attempts: list[tuple[str, int, str, str, Any]] = [
        ("validation_error", 400, "POST", "conversations", {"user_id": "nobody"}),
        ("not_found", 404, "POST", "conversations", {"user_id": UNKNOWN_ID}),
        ("not_found", 404, "GET", f"conversations/{UNKNOWN_ID}", None),
        ("validation_error", 400, "GET", "conversations?cursor=made-up", None),
        ("method_not_allowed", 405, "DELETE", "wallet", None),
    ]
    for code, status, method, path, body in attempts:
        refusal = expect_refusal(code, story.ben.call, method, path, body)
        expect(refusal.status, status, f"status of {method} {path}")
    return f"{len(attempts)} refusals"


def block(story: Story) -> str:
    """A block stops messages and typing both ways, and ends when it is lifted"""
    story.ava.call("PUT", f"blocks/{story.ben.id}")
    before = story.ben.wallet()
    wish = text_message(story.conversation_id, "Can you hear me?")
    expect_refusal("unavailable", story.ben_socket.command, "message.send", wish)
    typing = {"conversation_id": story.conversation_id}
    for socket in (story.ava_socket, story.ben_socket):
        expect_refusal("unavailable", socket.command, "typing.start", typing)
    expect(story.ben.wallet(), before, "Ben's wallet")
    story.ava.call("DELETE", f"blocks/{story.ben.id}")
    sent = story.ben_socket.command("message.send", wish)["message"]
    expect(sent["text"], wish["text"], "the message once the block is lifted")
    return "unavailable, nothing charged"


def refuse_forbidden_words(story: Story) -> str:
    """What must not be said is neither delivered nor charged, and the client id stays free"""
    before = story.ava.wallet()
    wish = text_message(story.conversation_id, "I am 15, send nudes")
    expect_refusal("message_blocked", story.ava_socket.command, "message.send", wish)
    expect(story.ava.wallet(), before, "Ava's wallet")
    sent = story.ava_socket.command("message.send", wish | {"text": "Never mind."})["message"]
    expect(sent["client_id"], wish["client_id"], "the client id of the next message")
    return "message_blocked, nothing charged"


def report(story: Story) -> str:
    """Ben reports a message; once more it is the same report, and nobody reports their own"""
    newest = story.ben.call("GET", f"conversations/{story.conversation_id}")["last_message"]
    about = {"target_type": "message", "target_id": newest["id"]}
    wish = about | {"reason": "other", "details": "Only to show it."}
    first, second = (story.ben.http.post("reports", json=wish) for _ in range(2))
    expect((first.status_code, second.status_code), (201, 200), "statuses of the two")
    expect(second.json()["id"], first.json()["id"], "the report's id")
    expect_refusal("validation_error", story.ava.call, "POST", "reports", wish)
    return str(first.json()["status"])


def sign_out(story: Story) -> str:
    """Signing out closes that device's socket and ends its token, and no other"""
    story.ben_tablet.call("POST", "auth/logout")
    code = story.ben_tablet_socket.close_code()
    expect(code, 4401, "close code of the signed-out device")
    expect_refusal("not_authenticated", story.ben_tablet.call, "GET", "me")
    expect(Socket(story.url, story.ben_tablet.token).close_code(), 4401, "code of a new socket")
    story.ben_socket.command("presence.heartbeat")
    return f"closed with {code}"


def leave(story: Story) -> str:
    """Both delete their accounts; no token works any longer"""
    for person in (story.ava, story.ben):
        person.call("DELETE", "me", {"password": PASSWORD})
        expect_refusal("not_authenticated", person.call, "GET", "me")
    return "gone"
