"""The ledger: against django-hordak, against plain inserts, and its verification against SHA-256.

Each contestant is a process of its own on the server's core, set up once and asked for one
short cell after another, so that the two sides of a ratio are measured right after each other.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.contestants import pairly_environment
from bench.report import Line, at_least
from bench.workers import Worker, say, working

__all__ = ["lines"]

PEOPLE = 100
BATCH = 100
SIZES = (str(PEOPLE), str(BATCH))


@dataclass(frozen=True, slots=True)
class Plan:
    """Transfers per cell and rounds; ``BENCH_ROUNDS`` changes the full run."""

    rounds: int
    batched: int
    single: int
    verified: int
    proved: int

    @classmethod
    def of(cls, quick: bool) -> "Plan":
        if quick:
            return cls(rounds=1, batched=500, single=50, verified=2_000, proved=20)
        rounds = int(os.environ.get("BENCH_ROUNDS", "9"))
        sizes = {"batched": 10_000, "single": 1_000, "verified": 1_000_000, "proved": 500}
        return cls(rounds=rounds, **sizes)


def lines(quick: bool) -> Iterator[Line]:
    """The ledger lines of the table."""
    plan = Plan.of(quick)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pairly-bench-")))
        ours = stack.enter_context(
            working("bench.ledger_worker", pairly_environment(folder), *SIZES)
        )
        hordak = stack.enter_context(
            working(
                "bench.baselines.hordak_ledger.worker",
                {"HORDAK_DATABASE": str(folder / "hordak.sqlite3")},
                *SIZES,
            )
        )
        for worker, count in ((ours, plan.batched), (hordak, plan.single)):
            worker.ask("batches", count)  # warm-up
        rates = _rounds(ours, hordak, plan)
        yield from _transfer_lines(rates)
        yield _verify_line(ours, plan)
        yield _proof_line(ours, plan)


def _rounds(ours: Worker, hordak: Worker, plan: Plan) -> dict[str, list[float]]:
    """Every cell once per round; every other round runs backwards."""
    cells = [
        ("rows", ours, "rows", plan.batched),
        ("ours batched", ours, "batches", plan.batched),
        ("hordak", hordak, "singles", plan.single),
        ("ours single", ours, "singles", plan.single),
        ("hordak batched", hordak, "batches", plan.single),
    ]
    rates: dict[str, list[float]] = {name: [] for name, *_rest in cells}
    for number in range(plan.rounds):
        for name, worker, cell, count in cells[:: -1 if number % 2 else 1]:
            rates[name].append(worker.rate(cell, count))
            say(f"round {number + 1}: {name}: {rates[name][-1]:,.0f}/s")
    return rates


def _transfer_lines(rates: dict[str, list[float]]) -> Iterator[Line]:
    unit = "transfers/s"
    held_fixed = (
        f"{PEOPLE} people spend, synchronous=FULL on both sides, one thread",
        "ours: idempotent by id, balance checked, leaf hashed, noted, and sealed every 500",
        "hordak: no balance check, no triggers, no chain",
    )

    def line(name: str, goal: Any, mine: str, theirs: str, details: Sequence[str] = ()) -> Line:
        return Line.of_rounds(name, goal, rates[mine], rates[theirs], unit, details)

    yield line(
        f"ledger, batches of {BATCH} : hordak",
        *(at_least(12, edge=25), "ours batched", "hordak", held_fixed),
    )
    yield line(
        "ledger, one a commit : hordak",
        at_least(2, edge=6),
        "ours single",
        "hordak",
        held_fixed[:1],
    )
    yield line(
        f"ledger, batches of {BATCH} : executemany",
        *(at_least(0.2), "ours batched", "rows"),
        ("executemany: the same rows into the same table with its indexes and keys, same commits",),
    )
    yield line(
        f"ledger, batches of {BATCH} : hordak's {BATCH} in a transaction",
        *(None, "ours batched", "hordak batched"),
    )


def _verify_line(ours: Worker, plan: Plan) -> Line:
    """Verification against one hash a row over the same bytes, in the same process."""
    have = int(ours.ask("fill", plan.verified)["transfers"])
    verified, hashed = [], []
    for number in range(min(plan.rounds, 5)):
        answers = [ours.ask(cell, 0) for cell in (("verify", "hash")[:: -1 if number % 2 else 1])]
        seconds = {name: float(value) for answer in answers for name, value in answer.items()}
        verified.append(have / seconds["verify"])
        hashed.append(have / seconds["hash"])
        say(f"round {number + 1}: verify {verified[-1]:,.0f}/s, sha256 {hashed[-1]:,.0f}/s")
    return Line.of_rounds(
        f"verify_ledger, {plan.verified:,} transfers : one sha256 a row",
        *(at_least(0.05, edge=0.1), verified, hashed, "transfers/s"),
        ("the full run: chain, every column, balances, holds, outside heads, stray rows",),
    )


def _proof_line(ours: Worker, plan: Plan) -> Line:
    """Proofs out of the long chain that verification has just read."""
    rates: dict[str, list[float]] = {"prove": [], "paths": []}
    for number in range(min(plan.rounds, 5)):
        for cell in ("prove", "paths")[:: -1 if number % 2 else 1]:
            rates[cell].append(ours.rate(cell, plan.proved))
            say(f"round {number + 1}: {cell}: {rates[cell][-1]:,.0f}/s")
    return Line.of_rounds(
        f"a proof out of {plan.verified:,} transfers : its path from leaves in memory",
        *(at_least(0.05), rates["prove"], rates["paths"], "proofs/s"),
        ("a block of 500 read from the database, its tree built, leaf and signed head added",),
    )
