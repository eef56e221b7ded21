"""What the two devices of a call say to each other through the socket, and who hears nothing."""

import base64
import hashlib
import hmac
import time
from typing import Any

import pytest

from calling.models import Signal, Signalling
from calling.tests.line import Line, all_is_well, code_of
from tests.clients import Json, Person, Socket

pytestmark = pytest.mark.mongodb


def signal(line: Line, socket: Socket, kind: str, payload: Any) -> int:
    number: int = line.ask(socket, "signal", kind=kind, payload=payload)["number"]
    return number


def heard(socket: Socket) -> list[tuple[str, Any, int, bool]]:
    """The signals among what has arrived."""
    frames = [frame["data"] for frame in socket.quiet() if frame["type"] == "call.signal"]
    return [(one["kind"], one["payload"], one["number"], one["again"]) for one in frames]


def text_of(size: int) -> str:
    """A JSON string of that many bytes, with its quotes."""
    return "x" * (size - 2)


def test_signals_pass_between_the_two_devices_alone(line: Line) -> None:
    line.invite()
    # While it rings the caller's wait, and the callee has nothing to say.
    assert signal(line, line.phone, "offer", {"sdp": "o"}) == 1
    assert signal(line, line.phone, "candidate", {"candidate": "c1"}) == 2
    assert code_of(line.ask, line.mobile, "signal", kind="answer", payload={}) == "conflict"
    assert heard(line.mobile) == heard(line.laptop) == []
    line.accept()
    waiting = [("offer", {"sdp": "o"}, 1, True), ("candidate", {"candidate": "c1"}, 2, True)]
    assert heard(line.mobile) == waiting

    assert signal(line, line.mobile, "answer", {"sdp": "a"}) == 3
    signal(line, line.mobile, "candidate", {"candidate": "c2"})
    signal(line, line.mobile, "restart", {})
    got: Json = line.phone.event("call.signal")["data"]
    assert got == {
        **{"call_id": line.call, "from_user_id": line.ben.id, "kind": "answer"},
        **{"payload": {"sdp": "a"}, "number": 3, "again": False},
    }
    expected = [("candidate", {"candidate": "c2"}, 4, False), ("restart", {}, 5, False)]
    assert heard(line.phone) == expected

    stranger = Person.register(line.url, "Cleo")
    outside = stranger.socket()
    refusals = {
        outside: "not_found",
        line.tablet: "conflict",
        line.laptop: "conflict",
    }
    for socket, code in refusals.items():
        for kind in ("offer", "answer", "candidate", "restart"):
            assert code_of(line.ask, socket, "signal", kind=kind, payload={}) == code
    assert code_of(line.ask, line.phone, "signal", kind="gossip", payload={}) == "validation_error"
    for socket in (*line.sockets, outside):
        assert heard(socket) == []
    line.ask(line.phone, "end")
    assert code_of(line.ask, line.phone, "signal", kind="candidate", payload={}) == "conflict"
    assert heard(line.mobile) == []
    assert all_is_well()


def test_limits_and_what_is_kept(line: Line) -> None:
    line.invite()
    line.accept()

    def refused(kind: str, payload: Any) -> str:
        return code_of(line.ask, line.phone, "signal", kind=kind, payload=payload)

    for kind, size in (("offer", 16_384), ("candidate", 1024), ("restart", 1024)):
        assert refused(kind, text_of(size + 1)) == "payload_too_large"
        signal(line, line.phone, kind, text_of(size))
    signal(line, line.phone, "offer", {"sdp": 0})  # its candidates count anew
    for n in range(64):
        signal(line, line.phone, "candidate", n)
    assert refused("candidate", 64) == "too_many_candidates"
    assert len(heard(line.mobile)) == 3 + 1 + 64
    # The other side has its own, and may speak of candidates before its first description.
    signal(line, line.mobile, "candidate", "early")
    signal(line, line.mobile, "answer", {"sdp": "a"})
    # A renewed description replaces the one before and its candidates.
    again = signal(line, line.phone, "offer", {"sdp": 1})
    signal(line, line.phone, "candidate", "new")
    line.forget()

    # Whoever comes back, on this device or another, hears what the other one's state is.
    line.ask(line.mobile, "join")
    kept = [("offer", {"sdp": 1}, again, True), ("candidate", "new", again + 1, True)]
    assert heard(line.mobile) == kept
    line.ask(line.tablet, "join")
    theirs = [("candidate", "early"), ("answer", {"sdp": "a"})]
    assert [one[:2] for one in heard(line.tablet)] == theirs
    assert code_of(line.ask, line.phone, "signal", kind="offer", payload={}) == "conflict"
    # A wish to restart waits for an offer, and no longer.
    signal(line, line.mobile, "restart", {})
    line.forget()
    line.ask(line.tablet, "join")
    assert heard(line.tablet)[-1][:2] == ("restart", {})
    signal(line, line.tablet, "offer", {"sdp": 2})
    line.ask(line.tablet, "join")
    assert [one[:2] for one in heard(line.tablet)] == theirs
    assert Signal.objects.count() and Signalling.objects.count() == 1
    line.ask(line.mobile, "end")
    assert not Signal.objects.count() and not Signalling.objects.count()
    assert all_is_well()


def test_many_at_once_keep_their_order(line: Line) -> None:
    line.invite()
    line.accept()
    line.forget()
    ids = [
        (socket, socket.send("call.signal", {"call_id": line.call, "kind": kind, "payload": n}))
        for n, kind in enumerate(["offer", *["candidate"] * 40])
        for socket in (line.phone, line.mobile)
    ]
    numbers = [socket.answer(command)["data"]["number"] for socket, command in ids]
    assert sorted(numbers) == list(range(1, 83))
    for socket in (line.phone, line.mobile):
        assert [payload for _kind, payload, _number, _again in heard(socket)] == list(range(41))


def test_ice_servers(line: Line, settings: Any) -> None:
    settings.STUN_URLS = ["stun:localhost:3478"]
    settings.TURN_URLS = ["turn:localhost:3478"]
    settings.TURN_SECRET = "a secret of the relay"
    line.invite()

    def ask(who: Person) -> Any:
        return who.http.get(f"calls/{line.call}/ice-servers")

    for who in (line.ava, line.ben, line.ben_laptop):
        found = ask(who).json()
        assert found["ice_transport_policy"] == "relay" and found["renew_in_seconds"] == 450
        stun, turn = found["ice_servers"]
        assert stun == {"urls": ["stun:localhost:3478"]}
        expiry, user_id = turn["username"].split(":")
        assert user_id == who.id and 890 < int(expiry) - time.time() <= 900
        digest = hmac.new(b"a secret of the relay", turn["username"].encode(), hashlib.sha1)
        assert turn["credential"] == base64.b64encode(digest.digest()).decode()
    assert ask(line.ava_tablet).status_code == 409
    line.accept()
    assert ask(line.ava).json()["ice_transport_policy"] == "all"
    assert ask(line.ben_laptop).status_code == 409
    assert ask(Person.register(line.url, "Cleo")).status_code == 404
    line.ask(line.phone, "end")
    assert ask(line.ava).status_code == 409
