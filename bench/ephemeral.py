"""What is not kept: heartbeats against an echo by the same consumer, and typing among many sockets
against the in-memory layer's groups."""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvloop

from bench.contestants import (
    Relay,
    asgi_server,
    make_template,
    pairly_environment,
    people_in,
)
from bench.pairs import Frame, Person, Socket
from bench.report import Line, at_least
from bench.servers import LOAD_CORE, Running, free_port, on_core, serving
from bench.workers import say
from pairly.serving.limits import allow_many_sockets

__all__ = ["lines"]

CONNECTING_AT_ONCE = 20
IN_FLIGHT = 4
POLL_SECONDS = 0.02
READY_SECONDS_MAX = 60


@dataclass(frozen=True, slots=True)
class Plan:
    rounds: int
    seconds: float
    sockets: int
    typing_pairs: int = 50

    @classmethod
    def of(cls, quick: bool) -> "Plan":
        if quick:
            return cls(1, 0.3, sockets=20, typing_pairs=4)
        rounds, seconds = os.environ.get("BENCH_ROUNDS", "5"), os.environ.get("BENCH_SECONDS", "4")
        return cls(int(rounds), float(seconds), sockets=2_000)


class Asker(Socket):
    """Keeps some frames under way, each sent when an answer to one before has come."""

    def __init__(self, answer: str, frame: str = "") -> None:
        super().__init__({answer: self._answered})
        self.frame, self.count = frame, 0
        self.next: Asker = self
        """Whose turn it is when this one was answered: oneself, or who wrote."""

    def ask(self) -> None:
        self.send(self.frame)

    def _answered(self, _frame: Frame) -> None:
        self.count += 1
        self.next.ask()


def lines(quick: bool) -> Iterator[Line]:
    plan = Plan.of(quick)
    allow_many_sockets()  # servers started here inherit it
    rates: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="pairly-bench-") as folder:
        template = Path(folder) / "pairly"
        make_template(template, users=plan.sockets)
        for number in range(plan.rounds):
            cells = [("ours", lambda: _ours(template, plan)), ("groups", lambda: _groups(plan))]
            for _name, measure in cells[:: -1 if number % 2 else 1]:
                for what, rate in measure().items():
                    rates.setdefault(what, []).append(rate)
                    say(f"round {number + 1}: {what}: {rate:,.0f}/s")
    yield Line.of_rounds(
        "heartbeats : echo of the same frames",
        *(at_least(0.8), rates["heartbeats"], rates["echoes"], "frames/s"),
        (
            "uvicorn, the same sockets, the same decoder and loop; both answer the same frame",
            "a heartbeat checks the account, reads the position and notes the activity",
        ),
    )
    yield Line.of_rounds(
        f"typing among {plan.sockets:,} sockets : groups of the in-memory layer",
        *(at_least(15), rates["typing"], rates["groups"], "events/s"),
        ("uvicorn; ours checks that the two may write to each other",),
    )


def _ours(template: Path, plan: Plan) -> dict[str, float]:
    port = free_port()
    command = asgi_server("uvicorn", port, "bench.baselines.echo")
    people = people_in(template)
    with serving(command, port, pairly_environment(template)) as server:
        pairs = list(zip(people[::2], people[1::2], strict=True))[: plan.typing_pairs]
        with ThreadPoolExecutor(4) as pool:
            opened = list(pool.map(lambda pair: _open_conversation(server, *pair), pairs))
        with on_core(LOAD_CORE):
            return uvloop.run(_measure_ours(server, people, opened, plan))


def _open_conversation(server: Running, one: Person, other: Person) -> str:
    answer = httpx.post(
        f"http://127.0.0.1:{server.port}/api/v1/conversations",
        json={"user_id": other.id},
        headers=dict(one.headers),
        timeout=READY_SECONDS_MAX,
        trust_env=False,
    )
    return str(answer.raise_for_status().json()["id"])


async def _measure_ours(
    server: Running, people: Sequence[Person], conversations: Sequence[str], plan: Plan
) -> dict[str, float]:
    found = {}
    beaters = 2 * plan.typing_pairs
    for what, name in (("heartbeats", "presence.heartbeat"), ("echoes", "bench.echo")):
        frame = f'{{"type":"{name}","id":"1","data":{{}}}}'
        sockets = [Asker("ack", frame) for _ in people[:beaters]]
        found[what] = await _rate(server, sockets, people[:beaters], sockets, plan.seconds)
    writers = [
        Asker("none", f'{{"type":"typing.start","id":"1","data":{{"conversation_id":"{one}"}}}}')
        for one in conversations
    ]
    found["typing"] = await _passed_on(server, writers, "typing", people, plan)
    return found


def _groups(plan: Plan) -> dict[str, float]:
    relay: AbstractContextManager[tuple[Running, list[Person]]]
    relay = Relay("uvicorn", users=plan.sockets).started()
    with relay as (server, people):
        writers = [
            Asker(
                "none",
                f'{{"type":"message.send","data":{{"to_user_id":"{other.id}","client_id":"1"}}}}',
            )
            for other in people[1 : 2 * plan.typing_pairs : 2]
        ]
        with on_core(LOAD_CORE):
            return {"groups": uvloop.run(_passed_on(server, writers, "message.new", people, plan))}


async def _passed_on(
    server: Running,
    writers: Sequence[Asker],
    event: str,
    people: Sequence[Person],
    plan: Plan,
) -> float:
    """Events a second that reach the second of each pair, while all the others only listen."""
    readers = [Asker(event) for _ in writers]
    for writer, reader in zip(writers, readers, strict=True):
        reader.next = writer
    busy: list[Asker] = [one for pair in zip(writers, readers, strict=True) for one in pair]
    idle = [Asker("none") for _ in people[len(busy) :]]
    return await _rate(server, [*busy, *idle], people, writers, plan.seconds, counted=readers)


async def _rate(
    server: Running,
    sockets: Sequence[Asker],
    people: Sequence[Person],
    starters: Sequence[Asker],
    seconds: float,
    *,
    counted: Sequence[Asker] | None = None,
) -> float:
    url = f"ws://127.0.0.1:{server.port}/ws/"
    for start in range(0, len(sockets), CONNECTING_AT_ONCE):
        some = slice(start, start + CONNECTING_AT_ONCE)
        pairs = zip(sockets[some], people[some], strict=True)
        await asyncio.gather(*(socket.connect(url, person) for socket, person in pairs))
    give_up_at = time.perf_counter() + READY_SECONDS_MAX
    while not all(socket.is_ready for socket in sockets):
        if time.perf_counter() > give_up_at:
            raise RuntimeError("not every socket became ready")
        await asyncio.sleep(POLL_SECONDS)
    for starter in starters:
        for _frame in range(IN_FLIGHT):
            starter.ask()
    await asyncio.sleep(seconds / 4)  # warm-up
    counting = sockets if counted is None else counted
    before, began = sum(one.count for one in counting), time.perf_counter()
    await asyncio.sleep(seconds)
    rate = (sum(one.count for one in counting) - before) / (time.perf_counter() - began)
    failures = [socket.failure for socket in sockets if socket.failure is not None]
    for socket in sockets:
        socket.close()
    await asyncio.sleep(POLL_SECONDS)
    if failures:
        raise RuntimeError(failures[0])
    return rate
