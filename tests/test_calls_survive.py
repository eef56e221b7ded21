"""``kill -9`` in mid-call: it goes on, or ends at the last sign of life, and is charged exactly."""

import os
import time
from datetime import datetime

import pytest

from tests.clients import Json, Person, Socket, create_people
from tests.conftest import StartServer
from tests.redis_server import RedisServer

pytestmark = pytest.mark.mongodb

MINUTE_SECONDS = 2
RATE = 5
SECONDS_MAX = 60


def wait_for(person: Person, call_id: str, status: str) -> Json:
    deadline = time.monotonic() + SECONDS_MAX
    while (call := person.call("GET", f"calls/{call_id}"))["status"] != status:
        assert time.monotonic() < deadline, call
        time.sleep(0.05)
    found: Json = call
    return found


def seconds_between(before: str, after: str) -> float:
    return (datetime.fromisoformat(after) - datetime.fromisoformat(before)).total_seconds()


@pytest.mark.mongodb(from_ci=True)
def test_a_call_survives_a_restart_and_not_a_long_absence(start_server: StartServer) -> None:
    times = {
        "PAIRLY_BILLING_MINUTE_SECONDS": str(MINUTE_SECONDS),
        "PAIRLY_CALL_OUTAGE_SECONDS_MAX": "600",  # however long it takes to start again
    }
    server = start_server("daphne", times)
    ava, ben = create_people(server, 2, credits=1000)

    def sockets() -> tuple[Socket, Socket]:
        return ava.socket(), ben.socket()

    phone, mobile = sockets()
    wish = {"callee_id": ben.id, "media": "audio", "client_id": "once"}
    call = {"call_id": phone.command("call.invite", wish)["call"]["id"]}
    mobile.command("call.accept", call)
    for socket in (phone, mobile):
        socket.command("call.media", call | {"connected": True})
    first = phone.event("call.charged")["data"]
    assert (first["minute"], first["credits"]) == (1, RATE)

    server.kill()
    server.restart()
    phone, mobile = sockets()
    for socket in (phone, mobile):
        assert socket.command("call.join", call)["call"]["status"] == "active"
        socket.command("call.heartbeat", call)
    # The minutes of the break are charged now, as the media went on without us.
    charged = ava.call("GET", f"calls/{call['call_id']}")
    while charged["credits"] < 2 * RATE:
        for socket in (phone, mobile):
            socket.command("call.heartbeat", call)
        charged = ava.call("GET", f"calls/{call['call_id']}")
        assert charged["status"] == "active"

    server.kill()
    # As if it were away for long: nothing is forgiven any more.
    later = times | {"PAIRLY_CALL_OUTAGE_SECONDS_MAX": "1", "PAIRLY_CALL_GRACE_SECONDS": "1"}
    again = start_server("uvicorn", later)
    ended = wait_for(ava.at(again.url), call["call_id"], "ended")
    assert ended["end_reason"] == "dropped"
    talked = seconds_between(ended["connected_at"], ended["ended_at"])
    assert ended["credits"] == RATE * (int(talked // MINUTE_SECONDS) + 1)
    wallet = ava.at(again.url).wallet()
    assert (wallet["balance"], wallet["held"]) == (1000 - ended["credits"], 0)
    assert "verifies" in again.do("verify_ledger")


@pytest.mark.skipif(
    os.environ.get("PAIRLY_TEST_DATABASE") != "mongodb",
    reason="several processes share a database on MongoDB",
)
def test_a_call_between_two_processes(start_server: StartServer, redis_server: RedisServer) -> None:
    """Ava is on one process and Ben on the other, where his call goes on when his own dies; both
    processes look after it, and each minute is charged once."""
    environment = {
        "REDIS_URL": redis_server.url,
        "PAIRLY_BILLING_MINUTE_SECONDS": str(MINUTE_SECONDS),
        "PAIRLY_CALL_GRACE_SECONDS": "60",
    }
    first, second = start_server("daphne", environment), start_server("uvicorn", environment)
    ava, ben = create_people(first, 2, credits=1000)
    laptop = ben.at(second.url)
    tablet = ben.at(first.url).sign_in()
    phone, mobile, other = ava.socket(), laptop.socket(), tablet.socket()

    wish = {"callee_id": ben.id, "media": "video", "client_id": "once"}
    call = {"call_id": phone.command("call.invite", wish)["call"]["id"]}
    for socket in (mobile, other):
        assert socket.event("call.incoming")["data"]["call"]["id"] == call["call_id"]
    mobile.command("call.accept", call)
    assert phone.event("call.state")["data"]["call"]["status"] == "accepted"
    assert other.event("call.ended")["data"]["reason"] == "answered_elsewhere"
    for socket in (phone, mobile):
        socket.command("call.media", call | {"connected": True})
    for socket in (phone, mobile):
        socket.event("call.charged")
        socket.command("call.heartbeat", call)
    # What the two devices say to each other crosses from process to process, to them alone.
    for here, there, kind in ((phone, mobile, "offer"), (mobile, phone, "answer")):
        for number, word in enumerate((kind, "candidate")):
            here.command("call.signal", call | {"kind": word, "payload": {"number": number}})
            told = there.event("call.signal")["data"]
            assert (told["kind"], told["payload"], told["again"]) == (
                word,
                {"number": number},
                False,
            )
    assert "call.signal" not in {frame["type"] for frame in other.quiet()}

    second.kill()
    again = laptop.at(first.url).socket()
    again.command("call.join", call)
    missed = [again.event("call.signal")["data"] for _ in range(2)]
    assert [(one["kind"], one["again"]) for one in missed] == [("offer", True), ("candidate", True)]
    for socket in (phone, again):
        socket.command("call.heartbeat", call)
    ended = again.command("call.end", call)["call"]
    assert phone.event("call.ended")["data"]["reason"] == ended["end_reason"] == "completed"
    talked = seconds_between(ended["connected_at"], ended["ended_at"])
    assert ended["credits"] == 2 * RATE * (int(talked // MINUTE_SECONDS) + 1)
    assert ava.wallet()["balance"] == 1000 - ended["credits"]
    assert "verifies" in first.do("verify_ledger")
