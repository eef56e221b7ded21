"""Reports through the service, against hand-written SQL in DuckDB over one native table of the same
events, with the same memory and threads. Both are asked in turn by one process, which refuses to
compare figures that differ.
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.contestants import pairly_environment
from bench.pages import Pages
from bench.pages import lines as lines_of_pages
from bench.report import Line, at_most
from bench.reports_worker import FIRST, LAST
from bench.workers import Worker, say, working

__all__ = ["lines"]

PARTS = ("active", "retention", "funnel")
ROLLED_UP = ("active", "retention")


@dataclass(frozen=True, slots=True)
class Plan:
    """Events, people, rounds, and events that come while reports run; ``BENCH_ROUNDS`` changes
    the full run."""

    rounds: int
    events: int
    people: int
    ingested: int

    @classmethod
    def of(cls, quick: bool) -> "Plan":
        if quick:
            return cls(rounds=1, events=20_000, people=300, ingested=500)
        rounds = int(os.environ.get("BENCH_ROUNDS", "5"))
        return cls(rounds=rounds, events=10_000_000, people=50_000, ingested=20_000)


def lines(quick: bool) -> Iterator[Line]:
    plan = Plan.of(quick)
    with tempfile.TemporaryDirectory(prefix="pairly-bench-") as folder:
        sizes = (str(plan.events), str(plan.people))
        environment = pairly_environment(Path(folder))
        with working("bench.reports_worker", environment, *sizes) as worker:
            seconds = _rounds(worker, plan)
        yield from _lines_of_rounds(plan, seconds)
        pages = Pages(first=FIRST, last=LAST, rounds=plan.rounds, ingested=plan.ingested)
        yield from lines_of_pages(Path(folder), pages, f"{plan.events:,} events")


def _lines_of_rounds(plan: Plan, seconds: dict[str, list[float]]) -> Iterator[Line]:
    events = f"{plan.events:,} events"
    held_fixed = (
        f"{plan.people:,} people, 120 days; the same figures, which is checked",
        "active: DAU, WAU, MAU of 84 days; retention: 12 weeks by week; funnel: 4 steps, 7 days",
        "ours: the whole of selectors.run, opened anew each time, people read from the database",
    )

    def total(side: str, parts: tuple[str, ...]) -> list[float]:
        return [sum(seconds[f"{side}_{part}"][n] for part in parts) for n in range(plan.rounds)]

    yield Line.of_rounds(
        f"reports over {events} : hand-written DuckDB",
        *(at_most(1.5), total("events", PARTS), total("table", PARTS), "s"),
        (*held_fixed, "ours: all from the events of the day files, none from roll-ups"),
    )
    yield Line.of_rounds(
        f"active people and retention from roll-ups, {events} : the same",
        *(at_most(0.2), total("rolled", ROLLED_UP), total("table", ROLLED_UP), "s"),
    )
    for part in PARTS:
        side = "rolled" if part in ROLLED_UP else "events"
        yield Line.of_rounds(
            f"{part}, as the admin asks, {events} : hand-written DuckDB",
            *(None, seconds[f"{side}_{part}"], seconds[f"table_{part}"], "s"),
        )


def _rounds(worker: Worker, plan: Plan) -> dict[str, list[float]]:
    """Every cell once per round; every other round runs backwards."""
    sides = ("table", "events", "rolled")
    cells = [f"{side}_{part}" for part in PARTS for side in sides if f"{side}_{part}" != NONE]
    for cell in cells:
        worker.ask(cell, 0)  # warm-up
    seconds: dict[str, list[float]] = {cell: [] for cell in cells}
    for number in range(plan.rounds):
        for cell in cells[:: -1 if number % 2 else 1]:
            seconds[cell].append(float(worker.ask(cell, 0)["seconds"]))
            say(f"round {number + 1}: {cell}: {seconds[cell][-1]:.3f} s")
    return seconds


NONE = "rolled_funnel"
"""A funnel needs the events."""
