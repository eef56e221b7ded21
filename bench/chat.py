"""Chat end to end, against the stock relay, the plain way and itself with a long history."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.cells import Cell, Outcome, details_of, rates, rounds_of
from bench.contestants import Contestant, Pairly, Plain, Relay, make_template
from bench.history import add_history
from bench.load import Load
from bench.report import Goal, Line, at_least, at_most

__all__ = ["lines"]

OURS_PACED, THEIRS_PACED = 500, 1000
HISTORY_MESSAGES = 1_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how often; ``BENCH_SECONDS`` and ``BENCH_ROUNDS`` change the full run."""

    rounds: int
    seconds: float
    warm_up_seconds: float
    history_messages: int

    @classmethod
    def of(cls, quick: bool) -> "Plan":
        if quick:
            return cls(rounds=1, seconds=0.5, warm_up_seconds=0.2, history_messages=2_000)
        seconds = float(os.environ.get("BENCH_SECONDS", "4"))
        return cls(int(os.environ.get("BENCH_ROUNDS", "5")), seconds, 1.0, HISTORY_MESSAGES)

    def saturated(self, contestant: Contestant) -> Cell:
        return Cell(contestant, self._load(contestant, None))

    def paced(self, contestant: Contestant, rate: float) -> Cell:
        return Cell(contestant, self._load(contestant, rate))

    def _load(self, contestant: Contestant, rate: float | None) -> Load:
        return Load(self.seconds, self.warm_up_seconds, contestant.receipts, rate=rate)


def lines(quick: bool) -> Iterator[Line]:
    """The chat lines of the table, when all rounds of all cells are through."""
    plan = Plan.of(quick)
    with tempfile.TemporaryDirectory(prefix="pairly-bench-") as name:
        outcomes = rounds_of(_cells(plan, Path(name)), plan.rounds)
    yield _compared("chat, Daphne: of the stock relay", at_least(0.7, edge=1.0), outcomes, "relay on Daphne", 0)
