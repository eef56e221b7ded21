"""Many callers, one commit.

While one transaction runs, the next batch gathers; it goes out as soon as the writer is free,
with no timer (a wait of even 2 ms lost at every load measured). Each caller gets its own result
or its own error, and only after the commit.

An *operation* is a function that takes a list of requests and returns a list of as many results,
in order; a refusal is a ``PairlyError`` in its place. It runs inside the batch's transaction, so
it decides refusals before it writes, and it may be run again. Requests to several operations
share a commit.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import msgspec
from django.db import connections
from prometheus_client import Histogram

from pairly.core.db import in_atomic_block, is_outage, run_atomic

__all__ = ["BATCH_REQUESTS_MAX", "Batcher", "Operation", "events_writer", "writer"]

logger = logging.getLogger(__name__)

BATCH_REQUESTS_MAX = 256
EVENT_REQUESTS_MAX = 8
"""Each may bring 500 events, and other writers wait for their commit."""

BATCH_SIZES = Histogram(
    "pairly_batch_requests",
    "Requests that went together: of the writer, that shared a commit.",
    ("batcher",),
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)

Operation = Callable[[Sequence[Any]], Sequence[Any]]
Deliver = Callable[[list[tuple["Entry", Any]]], None]


class Entry(msgspec.Struct, eq=False):
    """One waiting request. ``reply`` takes the result or the exception, on the writer's thread
    unless the caller's ``deliver`` moves it elsewhere."""

    operation: Operation
    request: Any
    reply: Callable[[Any], None]
    deliver: Deliver | None


class Batcher:
    """One thread that gathers requests and runs them together.

    ``transactional`` batches commit before anybody is answered; the others only share a query.
    """

    def __init__(
        self, name: str, *, transactional: bool = True, requests_max: int = BATCH_REQUESTS_MAX
    ) -> None:
        self._name = name
        self._requests_max = requests_max
        self._transactional = transactional
        self._waiting: deque[Entry] = deque()
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._sizes = BATCH_SIZES.labels(name)

    def submit(
        self,
        operation: Operation,
        request: Any,
        reply: Callable[[Any], None],
        deliver: Deliver | None = None,
    ) -> None:
        """Queue a request. ``deliver`` gets a whole batch's replies at once (one loop wake-up)."""
        with self._lock:  # several times faster than through the condition
            if self._stopping:
                raise RuntimeError(f"the {self._name} thread is stopping")
            self._waiting.append(Entry(operation, request, reply, deliver))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            elif len(self._waiting) == 1:
                self._wake.notify()

    def call(self, operation: Operation, request: Any) -> Any:
        """Queue a request and wait for its result; raises what the operation refused it with.

        Must not be called inside a transaction: the writer could wait for the caller's lock.
        """
        if in_atomic_block():
            raise RuntimeError("a batched operation was called inside a transaction")
        future: Future[Any] = Future()
        self.submit(operation, request, future.set_result)
        result = future.result()
        if isinstance(result, BaseException):
            raise result
        return result

    def stop(self) -> None:
        """Finish what waits, then end the thread. The next ``submit`` starts a new one."""
        with self._wake:
            thread, self._stopping = self._thread, True
            self._wake.notify()
        if thread is not None:
            thread.join()
        with self._wake:
            self._thread, self._stopping = None, False

    def _run(self) -> None:
        try:
            while batch := self._next_batch():
                self._sizes.observe(len(batch))
                self._answer(batch, self._results(batch))
        finally:
            connections.close_all()

    def _next_batch(self) -> list[Entry]:
        """Wait for requests and take them; empty only when stopping and nothing waits."""
        with self._wake:
            while not self._waiting and not self._stopping:
                self._wake.wait()
            count = min(len(self._waiting), self._requests_max)
            return [self._waiting.popleft() for _ in range(count)]

    def _results(self, batch: list[Entry]) -> list[Any]:
        """A batch is all or nothing, yet one bad request must not spoil the others: when the
        whole fails twice, each half is tried alone, down to the one that cannot be done. Not
        so while the database is away: each try may wait long for it, and all wait for the last.
        """
        for last_try in (False, True):
            try:
                return self._run_together(batch)
            except Exception as error:
                if last_try and (len(batch) == 1 or is_outage(error)):
                    logger.exception("%d %s requests failed", len(batch), self._name)
                    return [error] * len(batch)
        middle = len(batch) // 2
        return self._results(batch[:middle]) + self._results(batch[middle:])

    def _run_together(self, batch: list[Entry]) -> list[Any]:
        if self._transactional:
            return run_atomic(lambda: _run_operations(batch))
        return _run_operations(batch)

    @staticmethod
    def _answer(batch: list[Entry], results: list[Any]) -> None:
        together: dict[Deliver, list[tuple[Entry, Any]]] = {}
        for entry, result in zip(batch, results, strict=True):
            if entry.deliver is not None:
                together.setdefault(entry.deliver, []).append((entry, result))
                continue
            try:
                entry.reply(result)
            except Exception:
                logger.exception("a caller failed to take its result")
        for deliver, answers in together.items():
            try:
                deliver(answers)
            except Exception:
                logger.exception("callers failed to take their results")


def _run_operations(batch: list[Entry]) -> list[Any]:
    """Call each operation once with all of its requests; results in the order of the batch."""
    by_operation: dict[Operation, list[int]] = {}
    for index, entry in enumerate(batch):
        by_operation.setdefault(entry.operation, []).append(index)
    results: list[Any] = [None] * len(batch)
    for operation, indexes in by_operation.items():
        answers = operation([batch[index].request for index in indexes])
        if len(answers) != len(indexes):
            raise AssertionError(f"{operation} answered {len(answers)} of {len(indexes)}")
        for index, answer in zip(indexes, answers, strict=True):
            results[index] = answer
    return results


writer = Batcher("writer")
"""The one writer of this process for the hot paths; on SQLite it takes turns with the rest."""

events_writer = Batcher("events", requests_max=EVENT_REQUESTS_MAX)
"""Of analytics, whose requests are large and must not hold up messages."""
