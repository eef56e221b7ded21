"""Ava and Ben, who write to each other, and Cleo, a stranger, by a clock that stands still."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import time_machine

from pairly.realtime.connections import hub
from presence.tasks import sweep_presence
from presence.tracker import worker
from tests.clients import Json, Person, Socket

__all__ = ["SECONDS_MAX", "Scene", "until"]

SECONDS_MAX = 30


def until(condition: Callable[[], Any]) -> None:
    """Wait until it is true."""
    deadline = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


class Scene:
    def __init__(self, url: str, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller
        self.ava, self.ben, self.cleo = [
            Person.register(url, name) for name in ("Ava", "Ben", "Cleo")
        ]
        self.ava.open_conversation(self.ben)

    def wait(self, *, milliseconds: int = 0, **spans: float) -> None:
        """Time goes by, and the sweeper comes."""
        self._traveller.shift(timedelta(milliseconds=milliseconds, **spans))
        self.sweep()

    def sweep(self) -> None:
        settle()
        sweep_presence()
        settle()

    def leave(self, person: Person, *sockets: Socket) -> None:
        """These sockets close, and the server has noticed."""
        left = len(hub.of(UUID(person.id))) - len(sockets)
        for socket in sockets:
            socket.close()
        until(lambda: len(hub.of(UUID(person.id))) == left)
        settle()

    def status(self, of: Person, *, to: Person) -> str:
        return str(self.look(of, to=to)["status"])

    def look(self, of: Person, *, to: Person) -> Json:
        """How the one shows to the other over HTTP."""
        settle()
        found: Json = to.call("GET", f"presence?user_id={of.id}")["results"][0]
        return found

    def watch(self, socket: Socket, *people: Person) -> list[str]:
        settle()
        ids = [person.id for person in people]
        return [
            one["status"] for one in socket.command("presence.watch", {"user_ids": ids})["results"]
        ]

    def told(self, socket: Socket) -> list[str]:
        """The statuses that a socket was told of since it was last asked."""
        settle()
        return [
            frame["data"]["status"]
            for frame in socket.quiet()
            if frame["type"] == "presence.changed"
        ]

    def close(self) -> None:
        for person in (self.ava, self.ben, self.cleo):
            person.close()


def settle() -> None:
    """Until the presence thread and the event loop have nothing left to tell each other."""
    for _round in range(4):
        worker.call(_nothing, None)
        passed = time.monotonic()
        done: list[float] = []
        hub.call_soon(done.append, passed)
        until(lambda done=done: done or not has_loop())  # type: ignore[misc]


def has_loop() -> bool:
    """Whether there is one that runs: an earlier test's is closed."""
    return hub._loop is not None and not hub._loop.is_closed()


def _nothing(requests: Any) -> list[None]:
    return [None] * len(requests)
