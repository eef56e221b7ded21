"""Setting calls up: from the invite until both sides know that it is accepted."""

import statistics
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from uuid import uuid4

from bench.cells import Cell, Outcome, rates, rounds_of
from bench.chat import Plan
from bench.contestants import Pairly, Server, make_template
from bench.load import Load
from bench.pairs import Frame, Pair, Person, Socket, Tally
from bench.report import Line

__all__ = ["lines"]

RATE = 50
ALONE_RATE = 5
SERVERS: tuple[Server, ...] = ("daphne", "uvicorn")


class CallPair(Pair):
    """One of the two calls, the other accepts, the first one hangs up; then the next call.

    ``acks`` of the tally are those of the invites, ``deliveries`` the set-ups. A call that was due
    before the last one was over waits for it, and its time counts from when it was due.
    """

    def __init__(self, caller: Person, callee: Person, tally: Tally, *, receipts: bool) -> None:
        super().__init__(caller, callee, tally, receipts=receipts)
        self._callee_id = callee.id
        self._due: deque[float] = deque()
        self._call_id = ""
        self._waits_for: set[str] = set()
        self._numbers = count()
        self._sender = Socket({"ack": self._on_caller_ack, "call.state": self._on_state})
        self._receiver = Socket({"call.incoming": self._on_incoming, "ack": self._on_callee_ack})

    def send(self) -> None:
        self.in_flight += 1
        self._due.append(time.perf_counter())
        if len(self._due) == 1:
            self._invite()

    def _invite(self) -> None:
        self._waits_for = {"caller", "callee"}
        self._sender.send(
            f'{{"type":"call.invite","id":"invite{next(self._numbers)}","data":{{"callee_id":'
            f'"{self._callee_id}","media":"audio","client_id":"{uuid4()}"}}}}'
        )

    def _on_caller_ack(self, frame: Frame) -> None:
        call = frame.data.call if frame.data else None
        if call is None:
            self._sender.fail(f"an ack without a call: {frame}")
        elif call.status == "ringing":
            self._call_id = call.id
            self._tally.acks.append(time.perf_counter() - self._due[0])
        else:
            self._over()

    def _on_incoming(self, frame: Frame) -> None:
        call = frame.data.call if frame.data else None
        if call is None:
            self._receiver.fail(f"no call rings: {frame}")
        else:
            self._receiver.send(_command("call.accept", call.id))

    def _on_callee_ack(self, _frame: Frame) -> None:
        self._knows("callee")

    def _on_state(self, frame: Frame) -> None:
        call = frame.data.call if frame.data else None
        if call is None or (call.id, call.status) != (self._call_id, "accepted"):
            self._sender.fail(f"not the call that was accepted: {frame}")
        else:
            self._knows("caller")

    def _knows(self, side: str) -> None:
        self._waits_for.remove(side)
        if not self._waits_for:
            self._tally.deliveries.append(time.perf_counter() - self._due[0])
            self._sender.send(_command("call.end", self._call_id))

    def _over(self) -> None:
        self._due.popleft()
        self._tally.counted += 1
        self.in_flight -= 1
        if self._due:
            self._invite()
        elif self.in_flight < self._wanted_in_flight:
            self.send()


def lines(quick: bool) -> Iterator[Line]:
    """For each server what a call takes when many are set up, and how many can be."""
    plan = Plan.of(quick)
    with tempfile.TemporaryDirectory(prefix="pairly-bench-") as name:
        folder = Path(name)
        make_template(folder / "template")
        servers = SERVERS[:1] if plan.smoke else SERVERS
        outcomes = rounds_of(_cells(plan, folder, servers), plan.rounds)
    for server in servers:
        alone, paced = outcomes[f"{server} alone"], outcomes[f"{server} paced"]
        yield Line.of_rounds(
            f"call set-up p99 at {RATE}/s : its median at {ALONE_RATE}/s, {server.capitalize()}",
            None,
            [_set_up(one)[1] for one in paced],
            [_set_up(one)[0] for one in alone],
            "ms",
            [_details(f"at {RATE}/s", paced), _details(f"at {ALONE_RATE}/s", alone)],
        )
        full = outcomes[f"{server} saturated"]
        yield Line(
            name=f"calls set up and ended, {server.capitalize()}",
            goal=None,
            ratio=None,
            ours=statistics.median(rates(full)),
            theirs=None,
            unit="calls/s",
            details=(_details("saturated", full),),
        )


def _cells(plan: Plan, folder: Path, servers: Sequence[Server]) -> dict[str, Cell]:
    cells = {}
    for server in servers:
        ours = Pairly(server, folder / "template", folder / "run")
        for name, rate in (("alone", ALONE_RATE), ("paced", RATE), ("saturated", None)):
            load = Load(plan.seconds, plan.warm_up_seconds, in_flight=1, rate=rate, pair=CallPair)
            cells[f"{server} {name}"] = Cell(ours, load)
    return cells


def _command(type: str, call_id: str) -> str:
    return f'{{"type":"{type}","id":"{type}","data":{{"call_id":"{call_id}"}}}}'


def _set_up(outcome: Outcome) -> tuple[float, float]:
    """Median and p99 in milliseconds."""
    found = outcome.figures.delivery
    return (found.p50, found.p99) if found else (float("inf"), float("inf"))


def _details(name: str, outcomes: list[Outcome]) -> str:
    """Medians over the rounds, in a sentence."""
    p50, p99 = (statistics.median(each) for each in zip(*map(_set_up, outcomes), strict=True))
    invites = [one.figures.ack for one in outcomes if one.figures.ack]
    ack = statistics.median(one.p50 for one in invites) if invites else float("inf")
    server = statistics.median(one.server_cpu_share for one in outcomes)
    client = statistics.median(one.figures.client_cpu_share for one in outcomes)
    return (
        f"{name}: {statistics.median(rates(outcomes)):,.0f} calls/s, set-up p50/p99 "
        f"{p50:.3g}/{p99:.3g} ms, of which the invite's ack {ack:.3g} ms; "
        f"server {server:.0%} of its core, client {client:.0%} of its"
    )
