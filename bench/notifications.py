"""Telling people and sending: ten thousand deliveries, against the bare insert of the same rows."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.contestants import pairly_environment
from bench.report import Line
from bench.workers import say, working

__all__ = ["lines"]

CELLS = ("tell", "send", "rows")


def lines(quick: bool) -> Iterator[Line]:
    rounds = 1 if quick else int(os.environ.get("BENCH_ROUNDS", "5"))
    count = 200 if quick else 10_000
    rates: dict[str, list[float]] = {cell: [] for cell in CELLS}
    with (
        tempfile.TemporaryDirectory(prefix="pairly-bench-") as folder,
        working("bench.notifications_worker", pairly_environment(Path(folder))) as worker,
    ):
        for number in range(rounds):
            for cell in CELLS:  # what is sent was told before
                rates[cell].append(worker.rate(cell, count))
                say(f"round {number + 1}: notifications, {cell}: {rates[cell][-1]:,.0f}/s")
    held_fixed = (
        "one thread, synchronous=FULL on both sides; people without open sockets",
        "tell: notify() in batches of 100: deduplicated, rendered, the list and the events written",
        "send: claimed, decided, rendered, handed to a sender that takes everything, stored",
        "bare: the rows of the deliveries, 100 a commit, by sqlite3 itself",
    )
    yield Line.of_rounds(
        "notifications told : bare inserts",
        *(None, rates["tell"], rates["rows"], "deliveries/s", held_fixed),
    )
    yield Line.of_rounds(
        "deliveries sent : bare inserts",
        *(None, rates["send"], rates["rows"], "deliveries/s"),
    )
