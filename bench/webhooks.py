"""Taking webhooks in: verify, store, announce, one commit each, against the bare insert."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.contestants import pairly_environment
from bench.report import Line, at_least
from bench.workers import say, working

__all__ = ["lines"]

CELLS = ("receive", "requests", "rows")


def lines(quick: bool) -> Iterator[Line]:
    rounds = 1 if quick else int(os.environ.get("BENCH_ROUNDS", "9"))
    count = 50 if quick else 2_000
    rates: dict[str, list[float]] = {cell: [] for cell in CELLS}
    with (
        tempfile.TemporaryDirectory(prefix="pairly-bench-") as folder,
        working("bench.webhooks_worker", pairly_environment(Path(folder))) as worker,
    ):
        for cell in CELLS:
            worker.ask(cell, count)  # warm-up
        for number in range(rounds):
            for cell in CELLS[:: -1 if number % 2 else 1]:
                rates[cell].append(worker.rate(cell, count))
                say(f"round {number + 1}: webhooks, {cell}: {rates[cell][-1]:,.0f}/s")
    held_fixed = (
        "events of Stripe's shape and size, one thread, synchronous=FULL on both sides",
        "ours: signature verified, read, stored with its unique id, its processing announced",
        "bare: the event's row and nothing else, by sqlite3 itself, one a commit",
    )
    yield Line.of_rounds(
        "webhook intake : one bare insert a commit",
        *(at_least(0.3), rates["receive"], rates["rows"], "events/s", held_fixed),
    )
    yield Line.of_rounds(
        "webhook intake, the whole request : one bare insert a commit",
        *(None, rates["requests"], rates["rows"], "events/s"),
    )
