"""Telling people and sending: ten thousand deliveries, by one worker and by four at once, against
the bare insert of the same rows."""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from bench.contestants import pairly_environment
from bench.report import Line
from bench.workers import Worker, say, working

__all__ = ["lines"]

MODULE = "bench.notifications_worker"
SENDERS = 4
CELLS = ("tell", "send", "rows")


def lines(quick: bool) -> Iterator[Line]:
    rounds = 1 if quick else int(os.environ.get("BENCH_ROUNDS", "5"))
    count = 200 if quick else 10_000
    rates: dict[str, list[float]] = {cell: [] for cell in (*CELLS, "four")}
    with tempfile.TemporaryDirectory(prefix="pairly-bench-") as folder, ExitStack() as stack:
        environment = pairly_environment(Path(folder))
        worker = stack.enter_context(working(MODULE, environment))
        worker.ask("twice", 0)  # the database is there
        senders = [
            stack.enter_context(working(MODULE, environment, "share")) for _ in range(SENDERS)
        ]
        for one in senders:
            one.ask("share", 0)  # ready
        for number in range(rounds):
            for cell in CELLS:  # what is sent was told before
                rates[cell].append(worker.rate(cell, count))
                say(f"round {number + 1}: notifications, {cell}: {rates[cell][-1]:,.0f}/s")
            worker.ask("tell", count)
            rates["four"].append(_rate_of(senders, count))
            say(f"round {number + 1}: notifications, four at once: {rates['four'][-1]:,.0f}/s")
        checked = worker.ask("twice", 0)
    if checked["twice"] or checked["unsent"]:
        raise RuntimeError(f"{checked['twice']} were sent twice, {checked['unsent']} not at all")
    held_fixed = (
        "one thread, synchronous=FULL on both sides; people without open sockets",
        "tell: notify() in batches of 100: deduplicated, rendered, the list and the events written",
        "send: claimed, decided, rendered, handed to a sender that takes everything, stored",
        "bare: the rows of the deliveries, 100 a commit, by sqlite3 itself",
    )
    yield Line.of_rounds(
        f"{count:,} notifications told : bare inserts",
        *(None, rates["tell"], rates["rows"], "deliveries/s", held_fixed),
    )
    yield Line.of_rounds(
        f"{count:,} deliveries sent : bare inserts",
        *(None, rates["send"], rates["rows"], "deliveries/s"),
    )
    yield Line.of_rounds(
        f"{count:,} deliveries sent by {SENDERS} workers at once : bare inserts",
        *(None, rates["four"], rates["rows"], "deliveries/s"),
        ("processes that share one core and one database", "each delivery was sent exactly once"),
    )


def _rate_of(senders: Sequence[Worker], count: int) -> float:
    """All of them until nothing is due. Raises ``RuntimeError`` unless that was everything."""
    with ThreadPoolExecutor(len(senders)) as threads:
        started = time.perf_counter()
        sent = list(threads.map(lambda one: one.ask("share", count)["sent"], senders))
        seconds = time.perf_counter() - started
    if sum(sent) != count:
        raise RuntimeError(f"{sent} of {count} deliveries were sent")
    return count / seconds
