"""Taking in events: against plain inserts of the same rows."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.contestants import pairly_environment
from bench.report import Line, at_least
from bench.workers import say, working

__all__ = ["lines"]

BATCH = 100
PEOPLE = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """Events per cell and rounds; ``BENCH_ROUNDS`` changes the full run."""

    rounds: int
    events: int

    @classmethod
    def of(cls, quick: bool) -> "Plan":
        if quick:
            return cls(rounds=1, events=500)
        return cls(rounds=int(os.environ.get("BENCH_ROUNDS", "9")), events=20_000)


def lines(quick: bool) -> Iterator[Line]:
    """The line of ingest."""
    plan = Plan.of(quick)
    rates: dict[str, list[float]] = {"taken": [], "rows": []}
    with tempfile.TemporaryDirectory(prefix="pairly-bench-") as folder:
        environment = pairly_environment(Path(folder))
        with working("bench.events_worker", environment, str(PEOPLE), str(BATCH)) as worker:
            worker.ask("taken", plan.events)  # warm-up
            worker.ask("rows", plan.events)
            for number in range(plan.rounds):
                for cell in ("taken", "rows")[:: -1 if number % 2 else 1]:
                    rates[cell].append(worker.rate(cell, plan.events))
                    say(f"round {number + 1}: {cell}: {rates[cell][-1]:,.0f}/s")
    yield Line.of_rounds(
        f"event ingest, batches of {BATCH} : executemany",
        *(at_least(0.3), rates["taken"], rates["rows"], "events/s"),
        (
            "ours: from the bytes of a request, each event checked, repeats looked for, one commit",
            "executemany: the same rows into the same table with its indexes, same commits",
        ),
    )
