"""The life of calls as two people with two devices each see it, over sockets and REST."""

from typing import Any
from uuid import UUID

import pytest

from calling.tests.line import Line, all_is_well, code_of
from pairly.accounts.services.standing import suspend_user
from tests.clients import Json, Person

pytestmark = pytest.mark.mongodb


def types(frames: list[Json]) -> list[str]:
    return [frame["type"] for frame in frames]


def test_a_call_from_ring_to_end(line: Line) -> None:
    ack = line.phone.command("call.invite", line.wish("video"))
    call = ack["call"]
    line.call = call["id"]
    assert (call["status"], call["media"], call["credits"]) == ("ringing", "video", 0)
    assert (
        ack["quote"]
        == call["quote"]
        == {
            "credits_per_minute": 10,
            "increment_seconds": 60,
            "minute_seconds": 60,
        }
    )
    assert call["device_id"] == line.phone.ready["device_id"]
    assert line.ava.wallet() == {
        **{"balance": 20, "held": 20, "available": 0, "debt": 0},
        "frozen": False,
    }
    for socket in (line.mobile, line.laptop):
        ring = socket.event("call.incoming")["data"]
        assert ring["call"]["id"] == line.call and ring["call"]["device_id"] is None
        assert ring["caller"]["display_name"] == "Ava" and ring["quote"] == call["quote"]
        assert ring["expires_at"] > call["created_at"]
    assert line.tablet.event("call.state")["data"]["call"] == call

    accepted = line.accept()
    assert (accepted["status"], accepted["device_id"]) == (
        "accepted",
        line.mobile.ready["device_id"],
    )
    assert line.phone.event("call.state")["data"]["call"]["status"] == "accepted"
    elsewhere = line.laptop.event("call.ended")
    assert elsewhere["data"]["reason"] == "answered_elsewhere" and "position" not in elsewhere
    assert types(line.mobile.quiet()) == []

    assert line.connect()["status"] == "active"
    charged = line.phone.event("call.charged")["data"]
    assert charged == {"call_id": line.call, "minute": 1, "credits": 10, "available": 0}
    told = line.laptop.event("call.charged")["data"]
    assert told == {"call_id": line.call, "minute": 1, "credits": 10}
    assert line.view()["credits"] == 10
    position = line.ask(line.phone, "heartbeat")["position"]
    assert position == line.phone.command("presence.heartbeat")["position"]
    line.forget()

    ended = line.ask(line.mobile, "end")["call"]
    assert (ended["status"], ended["end_reason"], ended["credits"]) == ("ended", "completed", 10)
    for socket in (line.phone, line.tablet, line.laptop):
        data = socket.event("call.ended")["data"]
        assert (data["reason"], data["credits"]) == ("completed", 10)
        assert data["seconds"] == ended["billed_seconds"] <= 60
    assert line.ava.wallet()["available"] == line.ava.wallet()["balance"] == 10
    assert line.ben.wallet()["balance"] == 20
    assert all_is_well()


def test_the_same_over_rest(line: Line) -> None:
    wish = line.wish(client_id="once")
    made = line.ava.http.post("calls", json=wish)
    assert made.status_code == 201
    line.call = made.json()["id"]
    again = line.ava.http.post("calls", json=wish)
    assert (again.status_code, again.json()["id"]) == (200, line.call)
    other = line.ava.http.post("calls", json=wish | {"media": "video"})
    assert (other.status_code, other.json()["code"]) == (409, "client_id_conflict")
    assert line.phone.event("call.state")["data"]["call"]["status"] == "ringing"

    accepted = line.ben.call("POST", f"calls/{line.call}/accept")
    assert accepted["status"] == "accepted"
    assert line.mobile.event("call.state")["position"] == accepted["position"]
    assert line.ben.call("POST", f"calls/{line.call}/accept")["position"] is None
    ended = line.ava.call("POST", f"calls/{line.call}/end")
    assert (ended["end_reason"], ended["credits"], ended["billed_seconds"]) == ("completed", 0, 0)
    assert line.ava.call("POST", f"calls/{line.call}/end")["position"] is None

    for ending, who, reason in (
        ("decline", line.ben, "declined"),
        ("cancel", line.ava, "cancelled"),
    ):
        line.call = line.ava.call("POST", "calls", line.wish())["id"]
        assert who.call("POST", f"calls/{line.call}/{ending}")["end_reason"] == reason
    history = line.ava.all_of("calls?limit=2")
    assert [row["end_reason"] for row in history] == ["cancelled", "declined", "completed"]
    assert {row["peer"]["display_name"] for row in history} == {"Ben"}
    assert [row["id"] for row in line.ben.all_of("calls")] == [row["id"] for row in history]
    statistics = line.ava.call("GET", "calls/statistics")
    assert (statistics["made"]["calls"], statistics["made"]["answered"]) == (3, 1)
    assert statistics["made"]["by_reason"]["declined"] == 1
    assert statistics["received"]["calls"] == 0
    assert line.ava.wallet()["held"] == 0 and all_is_well()


def test_what_cannot_ring(line: Line, give: Any) -> None:
    url = line.url
    stranger, gone = Person.register(url, "Cleo"), Person.register(url, "Dan")
    statuses: dict[str, int] = {}

    def refused(callee_id: str, who: Person = line.ava, **fields: str) -> str:
        wish = line.wish() | {"callee_id": callee_id} | fields
        answer = who.http.post("calls", json=wish)
        socket = who.socket()
        code = code_of(socket.command, "call.invite", line.wish() | {"callee_id": callee_id})
        socket.close()
        assert answer.json()["code"] == code
        statuses[code] = answer.status_code
        return code

    assert refused(line.ava.id) == "unavailable"
    assert refused("0199b1d5-c2f6-7d0a-a1d6-a0f5b0f6f2f1") == "unavailable"
    # Nobody to ring: no open socket.
    assert refused(stranger.id) == "unavailable"
    there = stranger.socket()
    gone.http.request("DELETE", "me", json={"password": gone.password})
    assert refused(gone.id) == "unavailable"
    stranger.http.put(f"blocks/{line.ava.id}")
    assert refused(stranger.id) == refused(line.ava.id, stranger) == "unavailable"
    stranger.http.delete(f"blocks/{line.ava.id}")
    # Somebody in a call is busy, for whoever calls and whomever they call.
    line.invite()
    assert refused(line.ben.id, stranger) == "busy"
    assert refused(stranger.id) == "busy"
    line.ask(line.phone, "cancel")
    for kind in ("audio", "audio", "audio"):  # spend down to less than a minute
        line.invite(kind), line.accept(), line.connect(), line.ask(line.phone, "end")
    assert line.ava.wallet()["available"] == 5
    wish = line.wish("video", "poor")
    answer = line.ava.http.post("calls", json=wish)
    assert (answer.status_code, answer.json()["code"]) == (402, "insufficient_credits")
    line.forget()
    line.invite()  # five credits are one minute of audio
    line.ask(line.phone, "cancel")
    # A refusal has not used its client_id up.
    give(line.ava, 10)
    assert line.ava.http.post("calls", json=wish).status_code == 201
    assert statuses == {"unavailable": 409, "busy": 409}
    there.close()
    assert all_is_well()


def test_strangers_and_other_devices_have_no_part_in_it(line: Line) -> None:
    stranger = Person.register(line.url, "Cleo")
    socket = stranger.socket()
    line.invite()
    commands = ("accept", "decline", "cancel", "end", "join", "media", "heartbeat")
    assert {code_of(line.ask, socket, command) for command in commands} == {"not_found"}
    for path in ("", "/accept", "/decline", "/cancel", "/end", "/join"):
        method = "POST" if path else "GET"
        assert stranger.http.request(method, f"calls/{line.call}{path}").status_code == 404
    line.accept()
    for command in ("media", "heartbeat"):
        for other in (line.tablet, line.laptop):
            assert code_of(line.ask, other, command) == "conflict"
    assert code_of(line.ask, line.laptop, "accept") == "conflict"
    assert line.view()["status"] == "accepted"
    # But any device of either may hang up.
    assert line.ask(line.tablet, "end")["call"]["end_reason"] == "completed"


def test_a_call_moves_to_another_device_and_back(line: Line) -> None:
    line.talk()
    moved = line.ask(line.laptop, "join")["call"]
    assert moved["device_id"] == line.laptop.ready["device_id"]
    assert line.mobile.event("call.ended")["data"]["reason"] == "answered_elsewhere"
    assert code_of(line.ask, line.mobile, "heartbeat") == "conflict"
    line.ask(line.laptop, "heartbeat")
    # The same device after a reconnect: nothing changes, nobody is told.
    line.forget()
    line.laptop.close()
    again = line.ben_laptop.socket()
    assert line.ask(again, "join")["call"] == moved
    assert line.phone.quiet() == []
    assert line.ben.call("POST", f"calls/{line.call}/join")["device_id"] != moved["device_id"]
    assert again.event("call.ended")["data"]["reason"] == "answered_elsewhere"


def test_who_moves_before_media_are_there_reports_them_anew(line: Line) -> None:
    """Nobody pays for a device that has none."""
    line.invite()
    line.accept()
    line.ask(line.phone, "media", connected=True)
    line.ask(line.tablet, "join")
    line.ask(line.mobile, "media", connected=True)
    assert line.view()["status"] == "accepted"
    line.ask(line.tablet, "media", connected=True)
    assert line.view()["status"] == "active"


def test_who_calls_somebody_that_calls_them_accepts(line: Line) -> None:
    """Both at once: one call, the first one's media, and a repeat of either is a repeat."""
    line.invite("video")
    back = {"callee_id": line.ava.id, "media": "audio", "client_id": "back"}
    line.forget()
    ack = line.mobile.command("call.invite", back)
    assert (ack["call"]["id"], ack["call"]["status"]) == (line.call, "accepted")
    assert ack["call"]["media"] == "video" and ack["quote"]["credits_per_minute"] == 10
    assert line.phone.event("call.state")["data"]["call"]["status"] == "accepted"
    assert line.laptop.event("call.ended")["data"]["reason"] == "answered_elsewhere"
    assert line.mobile.command("call.invite", back)["call"]["id"] == line.call
    line.ask(line.phone, "end")
    assert line.mobile.command("call.invite", back)["call"]["status"] == "ended"
    assert code_of(line.mobile.command, "call.invite", back | {"callee_id": line.ben.id})


def test_a_block_a_suspension_and_a_deletion_end_it(line: Line) -> None:
    line.talk()
    line.ben.http.put(f"blocks/{line.ava.id}")
    assert line.phone.event("call.ended")["data"]["reason"] == "blocked"
    assert line.view()["end_reason"] == "blocked" and line.ava.wallet()["held"] == 0
    line.ben.http.delete(f"blocks/{line.ava.id}")

    line.invite()
    suspend_user(actor_id=None, user_id=UUID(line.ben.id), reason="Spam")
    assert line.phone.event("call.ended")["data"]["reason"] == "moderation"
    assert line.ava.wallet() == {
        **{"balance": 15, "held": 0, "available": 15, "debt": 0},
        "frozen": False,
    }

    cleo = Person.register(line.url, "Cleo")
    there = cleo.socket()
    line.call = line.phone.command("call.invite", line.wish() | {"callee_id": cleo.id})["call"][
        "id"
    ]
    there.event("call.incoming")
    cleo.http.request("DELETE", "me", json={"password": cleo.password})
    assert line.phone.event("call.ended")["data"]["reason"] == "declined"
    assert all_is_well()
