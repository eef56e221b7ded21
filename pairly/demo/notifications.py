"""Steps about notifications: told while away, read on one device, chosen."""

import time
from collections.abc import Callable
from typing import Any

from pairly.demo.chat import text_message
from pairly.demo.clients import Json, Person
from pairly.demo.credits import send_patiently
from pairly.demo.story import CheckFailed, Story, expect, expect_refusal

__all__ = ["choose", "read_on_one_device", "tell_who_is_away"]

TOLD_SECONDS_MAX = 30
POLL_SECONDS = 0.2


def tell_who_is_away(story: Story) -> str:
    """Ava writes twice to Cleo, who does not look: one notification tells of both"""
    story.cleo = Person.register(story.url, "Cleo")
    conversation_id = story.ava.open_conversation(story.cleo)
    for text in ("Are you there?", "Hello?"):
        send_patiently(story.ava_socket, text_message(conversation_id, text))
    told = _when_told(story.cleo, "message.received", lambda row: row["count"] == 2)
    expect(told["data"]["conversation_id"], conversation_id, "what it opens")
    expect(told["title"].startswith("2 new messages"), True, "the title tells of two")
    return f"“{told['title']}”"


def read_on_one_device(story: Story) -> str:
    """Cleo reads it on one device: the number on the bell of the other falls"""
    tablet = story.cleo.sign_in()
    phone_socket, tablet_socket = story.cleo.socket(), tablet.socket()
    _when_told(story.cleo, "security.new_sign_in", lambda row: True)
    before = story.cleo.call("GET", "notifications/unread-count")["count"]
    told = _when_told(story.cleo, "message.received", lambda row: row["read_at"] is None)
    count = phone_socket.command("notification.read", {"id": told["id"]})["count"]
    expect(count, before - 1, "unread after reading one")
    event = tablet_socket.event("notification.unread")["data"]
    expect((event["count"], event["read_ids"]), (count, [told["id"]]), "what the other hears")
    tablet.close()
    return f"{before} unread, then {count}"


def choose(story: Story) -> str:
    """Cleo refuses pushes about messages; what is about security nobody refuses"""
    wish: Json = {"categories": {"messages": {"push": False}}, "language": "hi"}
    chosen = story.cleo.call("PUT", "notifications/preferences", wish)
    expect(chosen["categories"]["messages"]["push"], False, "pushes about messages")
    critical = {"categories": {"security": {"push": False}}}
    refusal = expect_refusal(
        "validation_error", story.cleo.call, "PUT", "notifications/preferences", critical
    )
    codes = [one["code"] for one in refusal.error["errors"]]
    expect(codes, ["cannot_be_refused"], "why it is refused")
    return f"refused: {codes[0]}"


def _when_told(person: Person, kind: str, wanted: Callable[[Json], bool]) -> Json:
    """The notification, once it has come."""
    deadline = time.monotonic() + TOLD_SECONDS_MAX
    while time.monotonic() < deadline:
        rows: list[dict[str, Any]] = person.call("GET", "notifications")["results"]
        found = [row for row in rows if row["kind"] == kind and wanted(row)]
        if found:
            return found[0]
        time.sleep(POLL_SECONDS)
    raise CheckFailed(f"nobody told of {kind} in {TOLD_SECONDS_MAX} s")
