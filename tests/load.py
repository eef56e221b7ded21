"""A load that keeps account: people who send as fast as they are acked and re-send what was not.

Each sender knows what it was promised, so that the server can be held to it afterwards.
"""

import asyncio
import contextlib
import json
from collections import Counter, deque
from dataclasses import dataclass, field
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from tests.clients import Json, Person, text_message

__all__ = ["Load", "Sender", "check_conversation"]

IN_FLIGHT = 3
RETRY_SECONDS = 0.05
CLOSE_SECONDS_MAX = 1
SILENCE_SECONDS_MAX = 60
LOGGED_EVENTS = 900

BROKEN = (OSError, ConnectionClosed, InvalidHandshake, InvalidMessage, TimeoutError)


@dataclass
class Sender:
    """One person who writes into one conversation.

    ``acked`` maps each client id to the message that the server promised, ``unacked`` holds what
    is under way; after a broken connection that is sent again before anything new. ``failed``
    counts the answers `try_again`, after which a client sends again as well.
    """

    person: Person
    conversation_id: str
    acked: dict[str, Json] = field(default_factory=dict)
    unacked: deque[str] = field(default_factory=deque)
    resent: int = 0
    failed: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Send until told to stop, then until everything is acked. Survives a killed server."""
        while not stop.is_set() or self.unacked:
            try:
                async with connect(
                    f"ws{self.person.url.removeprefix('http')}/ws/",
                    additional_headers={"Authorization": f"Bearer {self.person.token}"},
                    compression=None,
                    proxy=None,
                    max_queue=None,
                    close_timeout=CLOSE_SECONDS_MAX,
                ) as socket:
                    await self._converse(socket, stop)
            except BROKEN:
                await asyncio.sleep(RETRY_SECONDS)

    async def _converse(self, socket: ClientConnection, stop: asyncio.Event) -> None:
        self.resent += len(self.unacked)
        for client_id in self.unacked:
            await self._send(socket, client_id)
        while True:
            while not stop.is_set() and len(self.unacked) < IN_FLIGHT:
                self.unacked.append(str(uuid4()))
                await self._send(socket, self.unacked[-1])
            if not self.unacked:
                return
            frame = json.loads(await asyncio.wait_for(socket.recv(), SILENCE_SECONDS_MAX))
            if frame["type"] == "error" and frame["error"]["code"] == "try_again":
                self.failed += 1
                await asyncio.sleep(RETRY_SECONDS)
                await self._send(socket, frame["id"])
            else:
                self._take(frame)

    async def _send(self, socket: ClientConnection, client_id: str) -> None:
        data = text_message(self.conversation_id, f"as promised {client_id}", client_id)
        await socket.send(json.dumps({"type": "message.send", "id": client_id, "data": data}))

    def _take(self, frame: Json) -> None:
        if frame["type"] == "error":
            raise AssertionError(f"a send was refused: {frame}")
        if frame["type"] != "ack":
            return
        message = frame["data"]["message"]
        if frame["id"] != message["client_id"]:
            raise AssertionError(f"an ack of another message: {frame}")
        with contextlib.suppress(ValueError):
            self.unacked.remove(message["client_id"])
        known = self.acked.setdefault(message["client_id"], message)
        if known != message:
            raise AssertionError(f"acked as {known} and as {message}")


class Load:
    """All senders at once, on the running event loop. Leave with ``finish``."""

    def __init__(self, senders: list[Sender]) -> None:
        self.senders = senders
        self._stop = asyncio.Event()
        self._tasks = [asyncio.create_task(sender.run(self._stop)) for sender in senders]

    @property
    def acks(self) -> int:
        return sum(len(sender.acked) for sender in self.senders)

    async def until_acks(self, count: int, seconds_max: float) -> None:
        """Wait for so many acks in all. Raises what a sender raised, or ``TimeoutError``."""
        async with asyncio.timeout(seconds_max):
            while self.acks < count:
                for task in self._tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.002)

    async def finish(self, seconds_max: float) -> None:
        """Send nothing new and wait until everything under way is acked."""
        self._stop.set()
        async with asyncio.timeout(seconds_max):
            await asyncio.gather(*self._tasks)


def check_conversation(first: Sender, second: Sender, *, credits: int) -> None:
    """What the two were promised is there, once and charged once, and nothing else is. They wrote
    to each other alone, and each began with these credits."""
    stored = first.person.all_of(
        f"conversations/{first.conversation_id}/messages?after_seq=0&limit=100", pages_max=100_000
    )
    assert [message["seq"] for message in stored] == list(range(1, len(stored) + 1))
    # Nothing is stored but what was acked, since in the end everything was; each exactly once.
    promised = first.acked | second.acked
    assert len(promised) == len(first.acked) + len(second.acked)
    assert {message["client_id"]: message for message in stored} == promised
    assert len(stored) == len(promised)
    for sender in (first, second):
        _check_charges(sender, credits)
        _check_events(sender.person, [message["id"] for message in stored])
        sender.person.close()


def _check_charges(sender: Sender, credits: int) -> None:
    person, acked = sender.person, sender.acked
    left = credits - len(acked)
    assert person.wallet() == {
        "balance": left,
        "held": 0,
        "available": left,
        "debt": 0,
        "frozen": False,
    }
    transactions = person.all_of("wallet/transactions?limit=100", pages_max=100_000)
    charged = Counter(row["id"] for row in transactions if row["kind"] == "message")
    assert charged == {f"message:{message['id']}": 1 for message in acked.values()}
    assert sum(row["credits"] for row in transactions) == left


def _check_events(person: Person, stored: list[str]) -> None:
    """One event for each message sent and received, in order, none twice, none missing; as far
    back as the log is kept. Whoever was away when a message came has news of that between them."""
    socket = person.socket()
    since = max(0, socket.position - LOGGED_EVENTS)
    events = socket.catch_up(since)
    positions = [event["position"] for event in events]
    assert positions == list(range(since + 1, since + 1 + len(events)))
    told = [e["data"]["message"]["id"] for e in events if e["type"] == "message.new"]
    assert told and told == stored[-len(told) :]
    assert since or len(told) == len(stored)
