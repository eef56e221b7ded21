"""Presence over two processes on one Redis: each hears of the other, and nothing that dies is
believed for long."""

import time

import pytest

from tests.clients import Person, Socket, create_people
from tests.conftest import StartServer
from tests.redis_server import RedisServer

pytestmark = pytest.mark.mongodb(only=True)

LEASE_SECONDS = 6
SECONDS_MAX = 120


def told(watcher: Socket, person: Person, status: str) -> None:
    """Wait for this word about the person, whatever else is said before it."""
    while True:
        data = watcher.event("presence.changed")["data"]
        if (data["user_id"], data["status"]) == (person.id, status):
            return


def until_shown(viewer: Person, person: Person, status: str) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        found = viewer.call("GET", f"presence?user_id={person.id}")["results"][0]["status"]
        if found == status:
            return
        assert time.monotonic() < deadline, f"still {found}"
        time.sleep(0.1)


def test_presence_over_two_processes(start_server: StartServer, redis_server: RedisServer) -> None:
    environment = {
        "REDIS_URL": redis_server.url,
        "PAIRLY_PRESENCE_LEASE_SECONDS": str(LEASE_SECONDS),
        "PAIRLY_PRESENCE_DAMPING_SECONDS": "1",
        "PAIRLY_PRESENCE_SWEEP_MILLISECONDS": "200",
    }
    here, there = start_server("daphne", environment), start_server("uvicorn", environment)
    ava, ben, cleo = create_people(here, 3, credits=10)
    for person in (ava, cleo):
        person.open_conversation(ben)
    watcher = ben.at(there.url).socket()
    people = {"user_ids": [ava.id, cleo.id]}
    assert [one["status"] for one in watcher.command("presence.watch", people)["results"]] == [
        "offline",
        "offline",
    ]

    # What happens at one is heard at the other.
    phone = ava.socket()
    told(watcher, ava, "online")
    phone.command("presence.set", {"mode": "away"})
    told(watcher, ava, "away")
    phone.command("presence.set", {"mode": "auto"})
    told(watcher, ava, "online")
    phone.close()
    told(watcher, ava, "offline")

    # Redis forgets everything: who is still there shows again, and who left meanwhile does not.
    phone, other = ava.socket(), cleo.at(there.url).socket()
    told(watcher, ava, "online")
    told(watcher, cleo, "online")
    redis_server.kill()
    other.close()
    redis_server.start()
    until_shown(ben, ava, "online")
    until_shown(ben, cleo, "offline")
    told(watcher, cleo, "offline")

    # A process that is killed says nothing: its lease ends.
    here.kill()
    told(watcher, ava, "offline")
    until_shown(ben.at(there.url), ava, "offline")
