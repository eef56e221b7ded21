"""Many sockets by a clock that stands still, without a network: what presence sees of them."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
import pytest

from pairly.realtime.connections import hub
from presence import registry
from presence.stores import chosen
from presence.stores.memory import MemoryStore
from presence.tasks import sweep_presence
from presence.tracker import tracker, worker
from presence.watching import watching

__all__ = ["Crowd", "FakeSocket"]


class FakeSocket:
    """What presence sees of a connection. ``heard``: how often it was told of whom; ``statuses``:
    what, in order."""

    def __init__(self, user_id: UUID, device_id: UUID) -> None:
        self.user_id, self.device_id = user_id, device_id
        self.features = frozenset({"presence"})
        self.close_code: int | None = None
        self.limits: Any = None
        self.closing, self.key, self.acted_at = False, 0, 0
        self.start_position = self.newest_position = 0
        self.heard: Counter[UUID] = Counter()
        self.statuses: list[str] = []

    def send_text(self, text: str) -> None:
        frame = msgspec.json.decode(text)
        assert frame["type"] == "presence.changed"
        self.take(frame["data"])

    def take(self, data: dict[str, Any]) -> None:
        self.heard[UUID(data["user_id"])] += 1
        self.statuses.append(data["status"])


class Crowd:
    """Everybody knows everybody here."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(registry, "_acquaintances", [set])
        self.loop = asyncio.new_event_loop()

    def run(self, function: Any, *arguments: Any) -> None:
        async def call() -> None:
            function(*arguments)

        self.loop.run_until_complete(call())

    def settle(self) -> None:
        for _round in range(5):
            worker.call(lambda requests: [None] * len(requests), None)
            self.loop.run_until_complete(asyncio.sleep(0))

    def sweep(self) -> None:
        self.settle()
        sweep_presence()
        self.settle()

    def come(self, sockets: Iterable[Any]) -> None:
        def open_all() -> None:
            for socket in sockets:
                hub.add(socket)
                hub.opened(socket)

        self.run(open_all)
        self.settle()

    def go(self, sockets: Iterable[Any]) -> None:
        def close_all() -> None:
            for socket in sockets:
                hub.remove(socket)
                hub.closed(socket)

        self.run(close_all)
        self.settle()

    def watch(self, socket: Any, people: list[UUID]) -> list[str]:
        found = self.loop.run_until_complete(watching.watch(socket, people))
        return [one.status for one in found]

    def forget_sockets(self) -> None:
        """As if the process had been killed; its own store goes with it."""
        hub.connections.clear()
        tracker.forget()
        watching.forget()
        if isinstance(chosen.store(), MemoryStore):
            chosen.forget()

    def close(self) -> None:
        self.settle()
        self.forget_sockets()
        self.loop.close()
