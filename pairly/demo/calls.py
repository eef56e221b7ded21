"""Steps about calls: ring, answer, pay by the minute, run low, hang up."""

from typing import Any
from uuid import uuid4

from pairly.demo.chat import text_message
from pairly.demo.clients import Json
from pairly.demo.credits import send_patiently
from pairly.demo.presence import look
from pairly.demo.story import Story, expect, expect_refusal

__all__ = [
    "call_each_other",
    "hang_up",
    "pay_and_run_low",
    "refuse_busy",
    "refuse_without_a_minute",
    "ring_and_answer",
]


def invite(callee_id: str, media: str = "video") -> Json:
    return {"callee_id": callee_id, "media": media, "client_id": str(uuid4())}


def ring_and_answer(story: Story) -> str:
    """Ben calls Ava: both her devices ring, one answers, the other stops"""
    rate = story.ben.call("GET", "prices")["calls"]["video"]
    while story.ben.wallet()["available"] >= 2 * rate:
        send_patiently(story.ben_socket, text_message(story.conversation_id, "Free?"))
    ack = story.ben_socket.command("call.invite", invite(story.ava.id))
    story.call = ack["call"]
    expect(ack["quote"]["credits_per_minute"], rate, "the quote")
    expect(story.ben.wallet()["held"], rate, "credits held for the first minute")
    for socket in (story.ava_socket, story.ava_tablet_socket):
        ring = socket.event("call.incoming")["data"]
        expect(ring["call"]["id"], story.call["id"], "the call that rings")
        expect(ring["caller"]["id"], story.ben.id, "who calls")
    accepted = story.ava_socket.command("call.accept", {"call_id": story.call["id"]})
    expect(accepted["call"]["status"], "accepted", "the call's status")
    elsewhere = story.ava_tablet_socket.event("call.ended")["data"]["reason"]
    expect(elsewhere, "answered_elsewhere", "what the other device is told")
    expect(_state(story.ben_socket, "accepted")["id"], story.call["id"], "what Ben is told")
    return f"{rate} credits a minute, 2 devices rang"


def pay_and_run_low(story: Story) -> str:
    """With media on both sides a minute is charged, and Ben hears how long the rest lasts"""
    call_id = story.call["id"]
    for socket in (story.ben_socket, story.ava_socket):
        socket.command("call.media", {"call_id": call_id, "connected": True})
        socket.command("call.heartbeat", {"call_id": call_id})
    charged = story.ben_socket.event("call.charged")["data"]
    rate = story.call["quote"]["credits_per_minute"]
    expect((charged["minute"], charged["credits"]), (1, rate), "the first minute")
    low = story.ben_socket.event("call.balance_low")["data"]["seconds_left"]
    if not 0 < low <= 60:
        expect(low, "1 to 60", "seconds left")
    expect(story.ben.wallet()["available"], charged["available"], "credits that are left")
    return f"{rate} credits, {low} seconds left"


def refuse_busy(story: Story) -> str:
    """Whoever is in a call shows as busy, and can neither call nor be called"""
    expect(look(story.ava, story.ben)["status"], "busy", "how Ben shows to Ava")
    for socket, callee in ((story.ava_tablet_socket, story.ben), (story.ben_socket, story.ava)):
        expect_refusal("busy", socket.command, "call.invite", invite(callee.id))
    call = {"call_id": story.call["id"]}
    expect_refusal("conflict", story.ava_tablet_socket.command, "call.heartbeat", call)
    expect_refusal("conflict", story.ava_socket.command, "call.decline", call)
    return "busy, twice"


def hang_up(story: Story) -> str:
    """Ava hangs up: all devices are told, all else is freed, the cost is in both histories"""
    path = f"calls/{story.call['id']}"
    ended = story.ava_socket.command("call.end", {"call_id": story.call["id"]})["call"]
    rate = story.call["quote"]["credits_per_minute"]
    expect((ended["end_reason"], ended["credits"]), ("completed", rate), "how it ended")
    for socket in (story.ben_socket, story.ben_tablet_socket):
        expect(socket.event("call.ended")["data"]["credits"], rate, "the cost at a device")
    expect(story.ben.wallet()["held"], 0, "what is still held")
    rows = story.ben.all_of("wallet/transactions")
    spent = -sum(row["credits"] for row in rows if row["group"].startswith(f"call:{ended['id']}"))
    expect(spent, rate, "what the ledger took")
    for person in (story.ava, story.ben):
        expect(person.call("GET", path)["credits"], rate, "the cost in the history")
    again = story.ava.call("POST", f"{path}/end")
    expect(again["ended_at"], ended["ended_at"], "the end when sent again")
    return f"{ended['billed_seconds']} s for {rate} credits"


def refuse_without_a_minute(story: Story) -> str:
    """Too little for one minute is refused before anything rings"""
    story.ava_socket.quiet()
    wish = invite(story.ava.id)
    refusal = expect_refusal("insufficient_credits", story.ben.call, "POST", "calls", wish)
    expect(refusal.status, 402, "status over REST")
    expect_refusal("unavailable", story.ben_socket.command, "call.invite", invite(story.ben.id))
    rang = [frame["type"] for frame in story.ava_socket.quiet()]
    expect(rang, [], "what Ava's device heard")
    return "insufficient_credits, nothing rang"


def call_each_other(story: Story) -> str:
    """Both call each other at once: it is one call, accepted"""
    first = story.ava_socket.command("call.invite", invite(story.ben.id, "audio"))["call"]
    met = story.ben_socket.command("call.invite", invite(story.ava.id, "audio"))["call"]
    expect((met["id"], met["status"]), (first["id"], "accepted"), "the call that was met")
    _state(story.ava_socket, "accepted")
    ended = story.ava_socket.command("call.end", {"call_id": first["id"]})["call"]
    expect(ended["credits"], 0, "credits for a call without media")
    return "1 call"


def _state(socket: Any, status: str) -> Json:
    """The call, once the socket was told that it has come to that status."""
    while True:
        call: Json = socket.event("call.state")["data"]["call"]
        if call["status"] == status:
            return call
