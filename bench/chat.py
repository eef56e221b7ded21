"""Chat end to end, against the stock relay, the plain way and itself with a long history."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.cells import Cell, Outcome, details_of, rates, rounds_of
from bench.contestants import (
    Contestant,
    Pairly,
    Plain,
    Relay,
    TwoProcesses,
    make_template,
)
from bench.history import add_history
from bench.load import Load
from bench.mongodb import mongodb_server, redis_server
from bench.report import Goal, Line, at_least, at_most
from bench.servers import CORES

__all__ = ["lines"]

OURS_PACED, THEIRS_PACED = 500, 1000
CORES_FOR_TWO = 4
"""Two servers, the load, and the databases; with fewer, two processes share what one has alone."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how often; ``BENCH_SECONDS`` and ``BENCH_ROUNDS`` change the full run."""

    rounds: int
    seconds: float
    warm_up_seconds: float
    history_messages: int
    in_flight: int = 4
    smoke: bool = False

    @classmethod
    def of(cls, quick: bool) -> "Plan":
        if quick:
            return cls(1, 0.5, 0.2, history_messages=2_000, in_flight=1, smoke=True)
        return cls(
            rounds=int(os.environ.get("BENCH_ROUNDS", "5")),
            seconds=float(os.environ.get("BENCH_SECONDS", "4")),
            warm_up_seconds=1,
            history_messages=1_000_000,
        )

    def cell(self, contestant: Contestant, rate: float | None = None) -> Cell:
        load = Load(self.seconds, self.warm_up_seconds, contestant.receipts, self.in_flight, rate)
        return Cell(contestant, load)


def lines(quick: bool) -> Iterator[Line]:
    """The chat lines of the table, when all rounds of all cells are through."""
    plan = Plan.of(quick)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pairly-bench-")))
        outcomes = rounds_of(_cells(plan, folder, stack), plan.rounds)
    table = _Table(outcomes)
    yield table.rate("chat, Daphne : stock relay", at_least(0.7, edge=1), "daphne", "relay daphne")
    yield table.rate("chat, Daphne : plain way", at_least(20), "daphne", "plain daphne")
    yield table.rate(
        "chat, uvicorn : stock relay", at_least(1, edge=1.5), "uvicorn", "relay uvicorn"
    )
    history = f"chat, uvicorn, {plan.history_messages:,} messages : empty"
    yield table.rate(history, at_least(0.9), "uvicorn history", "uvicorn")
    paced = f"chat delivery p99 at {OURS_PACED}/s : relay's at {THEIRS_PACED:,}/s, Daphne"
    yield table.delivery(paced, at_most(2), "daphne paced", "relay daphne paced")
    if "plain uvicorn" in outcomes:
        yield table.rate("chat, uvicorn : plain way", None, "uvicorn", "plain uvicorn")
    if "mongodb" in outcomes:
        yield table.rate("chat on MongoDB, Daphne : on SQLite", None, "mongodb", "daphne")
    if "mongodb, two processes" in outcomes:
        goal = at_least(1.6) if len(CORES) >= CORES_FOR_TWO else None
        name = "chat on MongoDB, two processes over Redis : one"
        yield table.rate(name, goal, "mongodb, two processes", "mongodb")


def _cells(plan: Plan, folder: Path, stack: ExitStack) -> dict[str, Cell]:
    """In the order of measuring: what is compared stands together."""
    empty, full = folder / "empty", folder / "history"
    make_template(empty)
    shutil.copytree(empty, full)
    print(f"# writing {plan.history_messages:,} messages of history", file=sys.stderr, flush=True)
    add_history(full, plan.history_messages)
    cells = {
        "plain daphne": plan.cell(Plain("daphne", folder / "plain")),
        "daphne": plan.cell(Pairly("daphne", empty, folder / "run")),
        "relay daphne": plan.cell(Relay("daphne")),
        "relay daphne paced": plan.cell(Relay("daphne"), THEIRS_PACED),
        "daphne paced": plan.cell(Pairly("daphne", empty, folder / "run"), OURS_PACED),
        "relay uvicorn": plan.cell(Relay("uvicorn")),
        "uvicorn": plan.cell(Pairly("uvicorn", empty, folder / "run")),
        "uvicorn history": plan.cell(Pairly("uvicorn", full, None)),
    }
    if plan.smoke:
        return cells
    cells["plain uvicorn"] = plan.cell(Plain("uvicorn", folder / "plain"))
    url = stack.enter_context(mongodb_server())
    redis_url = stack.enter_context(redis_server())
    if url is not None:
        make_template(folder / "mongodb", url)
        cells["mongodb"] = plan.cell(Pairly("daphne", folder / "mongodb", None, url))
        if redis_url is not None:
            two = TwoProcesses("daphne", folder / "mongodb", url, redis_url)
            cells["mongodb, two processes"] = plan.cell(two)
    return cells


@dataclass(frozen=True, slots=True)
class _Table:
    """Lines out of the outcomes, by the names of two cells."""

    outcomes: dict[str, list[Outcome]]

    def rate(self, name: str, goal: Goal | None, ours: str, theirs: str) -> Line:
        return self._line(name, goal, ours, theirs, "messages/s", rates)

    def delivery(self, name: str, goal: Goal, ours: str, theirs: str) -> Line:
        return self._line(name, goal, ours, theirs, "ms", _delivery_p99)

    def _line(
        self,
        name: str,
        goal: Goal | None,
        ours: str,
        theirs: str,
        unit: str,
        of: Callable[[list[Outcome]], list[float]],
    ) -> Line:
        both = [details_of(cell, self.outcomes[cell]) for cell in (ours, theirs)]
        return Line.of_rounds(
            name, goal, of(self.outcomes[ours]), of(self.outcomes[theirs]), unit, both
        )


def _delivery_p99(outcomes: list[Outcome]) -> list[float]:
    return [
        outcome.figures.delivery.p99 if outcome.figures.delivery else float("inf")
        for outcome in outcomes
    ]
