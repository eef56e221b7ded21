"""Sockets that are merely there: what each takes, and all of them coming back at once.

Everybody is connected and silent; then all connections break, each person is sent a message, and
all connect again at the same moment. Caught up is who holds ``ready`` and, from Pairly, which
stores, the message that waited.
"""

import asyncio
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from bench.contestants import Contestant, Pairly, Relay, Server, make_template
from bench.load import LoadFailed
from bench.pairs import Person
from bench.report import Line, at_most
from bench.servers import LOAD_CORE, Running, on_core
from pairly.serving.limits import allow_many_sockets

__all__ = ["lines"]

SOCKETS = 2_000
SMOKE_SOCKETS = 50
WRITERS = 10
CONNECTING_AT_ONCE = 50
RECONNECT_SECONDS_MAX = 30
OTHER_SECONDS_MAX = 120
POLL_SECONDS = 0.01
SETTLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """``kibibytes`` a socket; ``seconds`` until the last one had caught up."""

    kibibytes: float
    seconds: float


class Frame(msgspec.Struct):
    """The part of a frame that matters here."""

    type: str
    id: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


class Position(msgspec.Struct):
    position: int = 0


class Missed(msgspec.Struct):
    events: list[Frame]


class Socket(WSListener):
    """One person's. ``since`` is the position held from before; None asks for nothing."""

    def __init__(self, since: int | None = None) -> None:
        self.position, self.acks, self.messages = 0, 0, 0
        self.is_ready = False
        self.failure: str | None = None
        self._since = since
        self._is_closing = False
        self._transport: WSTransport | None = None

    async def connect(self, url: str, person: Person) -> None:
        self._transport, _ = await ws_connect(
            lambda: self,
            url + person.query,
            extra_headers=dict(person.headers),
            websocket_handshake_timeout=OTHER_SECONDS_MAX,
        )

    def send(self, type: str, data: object) -> None:
        assert self._transport is not None
        frame = {"type": type, "id": type, "data": data}
        self._transport.send(WSMsgType.TEXT, msgspec.json.encode(frame))

    def drop(self) -> None:
        self._is_closing = True
        if self._transport is not None:
            self._transport.disconnect()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.TEXT:
            return
        decoded = msgspec.json.decode(frame.get_payload_as_bytes(), type=Frame)
        if decoded.type == "ready":
            self._transport = transport
            self.is_ready = True
            self.position = msgspec.json.decode(decoded.data, type=Position).position
            if self._since is not None:
                self.send("sync", {"since": self._since})
        elif decoded.type == "ack":
            self.acks += 1
            if decoded.id == "sync":
                events = msgspec.json.decode(decoded.data, type=Missed).events
                self.messages += sum(event.type == "message.new" for event in events)
        elif decoded.type == "error":
            self.failure = frame.get_payload_as_utf8_text()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if not self._is_closing:
            self.failure = self.failure or "the connection was lost"


def lines(quick: bool) -> Iterator[Line]:
    """Memory and the way back, on each of the servers."""
    allow_many_sockets()  # servers started here inherit it
    rounds = 1 if quick else int(os.environ.get("BENCH_ROUNDS", "5"))
    sockets = SMOKE_SOCKETS if quick else SOCKETS
    with tempfile.TemporaryDirectory(prefix="pairly-bench-") as name:
        template = Path(name) / "template"
        make_template(template, users=sockets + WRITERS)
        for server in ("daphne", "uvicorn"):
            yield from _lines_of(server, sockets, rounds, template)


def _lines_of(server: Server, sockets: int, rounds: int, template: Path) -> Iterator[Line]:
    contestants: tuple[Contestant, Contestant] = (
        Pairly(server, template, template.parent / "run"),
        Relay(server, users=sockets + WRITERS),
    )
    ours, theirs = [], []
    for number in range(rounds):
        outcomes = {one: _measure(one) for one in contestants[:: -1 if number % 2 else 1]}
        for contestant, outcome in outcomes.items():
            who = f"round {number + 1}: {type(contestant).__name__} on {server}"
            told = f"{outcome.kibibytes:.1f} KiB a socket, back in {outcome.seconds:.1f} s"
            print(f"# {who}: {told}", file=sys.stderr, flush=True)
        ours.append(outcomes[contestants[0]])
        theirs.append(outcomes[contestants[1]])
    name = f"{sockets:,} idle sockets, {'Daphne' if server == 'daphne' else server}"
    yield Line.of_rounds(
        f"{name}, memory : stock consumer",
        at_most(1.2),
        [one.kibibytes for one in ours],
        [one.kibibytes for one in theirs],
        "KiB a socket",
    )
    yield Line.of_rounds(
        f"{name}, all back and caught up : all back",
        None,
        [one.seconds for one in ours],
        [one.seconds for one in theirs],
        "s",
        [f"each had missed a message; more than {RECONNECT_SECONDS_MAX} s would end the run"],
    )


def _measure(contestant: Contestant) -> Outcome:
    with contestant.started() as (server, people), on_core(LOAD_CORE):
        return uvloop.run(_come_and_go(contestant, server, people))


async def _come_and_go(
    contestant: Contestant, server: Running, people: Sequence[Person]
) -> Outcome:
    url = f"ws://127.0.0.1:{server.port}/ws/"
    writers, idle = people[:WRITERS], people[WRITERS:]
    writing = await _connect(url, writers)
    before = server.resident_mebibytes()
    first = await _connect(url, idle)
    await asyncio.sleep(SETTLE_SECONDS)
    kibibytes = (server.resident_mebibytes() - before) * 1024 / len(idle)
    for socket in first:
        socket.drop()
    if contestant.receipts:
        await _write_to(idle, writing)
    started = time.perf_counter()
    back = [Socket(one.position if contestant.receipts else None) for one in first]
    await asyncio.gather(
        *(socket.connect(url, person) for socket, person in zip(back, idle, strict=True))
    )
    missed = int(contestant.receipts)
    await _until(
        lambda: all(one.is_ready and one.messages == missed for one in back),
        back,
        RECONNECT_SECONDS_MAX,
    )
    seconds = time.perf_counter() - started
    for socket in [*back, *writing]:
        socket.drop()
    await asyncio.sleep(SETTLE_SECONDS)
    return Outcome(kibibytes, seconds)


async def _connect(url: str, people: Sequence[Person]) -> list[Socket]:
    sockets = [Socket() for _ in people]
    for start in range(0, len(people), CONNECTING_AT_ONCE):
        some = slice(start, start + CONNECTING_AT_ONCE)
        await asyncio.gather(
            *(one.connect(url, who) for one, who in zip(sockets[some], people[some], strict=True))
        )
    await _until(lambda: all(one.is_ready for one in sockets), sockets, OTHER_SECONDS_MAX)
    return sockets


async def _write_to(people: Sequence[Person], writing: Sequence[Socket]) -> None:
    """A first message to each of them, by the writers in turn."""
    for number, person in enumerate(people):
        wish = {"client_id": str(uuid.uuid4()), "kind": "text", "text": "Where have you been?"}
        writing[number % len(writing)].send("message.send", wish | {"to_user_id": person.id})
    await _until(
        lambda: sum(one.acks for one in writing) == len(people), writing, OTHER_SECONDS_MAX
    )


async def _until(
    condition: Callable[[], bool], sockets: Sequence[Socket], seconds_max: float
) -> None:
    give_up_at = time.perf_counter() + seconds_max
    while not condition():
        failure = next((one.failure for one in sockets if one.failure), None)
        if failure is not None or time.perf_counter() > give_up_at:
            ready = sum(one.is_ready for one in sockets)
            raise LoadFailed(failure or f"{ready} of {len(sockets)} ready after {seconds_max} s")
        await asyncio.sleep(POLL_SECONDS)
