"""Reads for sockets: a few threads that keep their database connections open.

``database_sync_to_async`` would run everything in one thread and reopen SQLite at every call.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import DatabaseError, connections

from pairly.core.batching import Operation

__all__ = ["gathering_reader", "run_in_reader", "run_soon_in_reader"]

READER_THREADS = 4
GATHERED_MAX = 1000
GATHERING_SECONDS_MAX = 0.05

Result = TypeVar("Result")
Waiting = tuple[list[Any], list[Callable[[Any], None]]]
"""Requests and, at the same place, who wants the answer."""

_pool = ThreadPoolExecutor(READER_THREADS, thread_name_prefix="reader")


class GatheringReader:
    """For reads that every socket repeats: while one is under way the next ones gather, and then
    go together. A ``batcher`` of commands that lives on the event loop, without a lock."""

    def __init__(self) -> None:
        self._waiting: dict[Operation, Waiting] = {}
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="gathering-reader")

    def submit(
        self, operation: Operation, request: Any, reply: Callable[[Any], None], _deliver: object
    ) -> None:
        """Call on the event loop; ``reply`` gets the result or the exception there."""
        waiting = self._waiting.get(operation)
        if waiting is None:
            waiting = self._waiting[operation] = [], []
        waiting[0].append(request)
        waiting[1].append(reply)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while self._waiting:
            await self._let_more_come()
            waiting, self._waiting = self._waiting, {}
            for operation, (requests, replies) in waiting.items():
                await self._read_together(operation, requests, replies)

    async def _let_more_come(self) -> None:
        """As long as each turn of the loop brings some. Nobody waits on a quiet loop, and on a
        busy one these reads, for which nobody is in a hurry, cost fewer queries."""
        loop = asyncio.get_running_loop()
        until = loop.time() + GATHERING_SECONDS_MAX
        count, before = self._count(), 0
        while before < count < GATHERED_MAX and loop.time() < until:
            await asyncio.sleep(0)
            count, before = self._count(), count

    def _count(self) -> int:
        return sum(len(requests) for requests, _replies in self._waiting.values())

    async def _read_together(
        self, operation: Operation, requests: list[Any], replies: list[Callable[[Any], None]]
    ) -> None:
        try:
            results = await _run_in(self._thread, operation, requests)
        except Exception as error:
            results = [error] * len(replies)
        for reply, result in zip(replies, results, strict=True):
            reply(result)


async def run_in_reader(function: Callable[..., Result], *arguments: Any) -> Result:
    """Run a blocking read off the event loop."""
    return await _run_in(_pool, function, *arguments)


def run_soon_in_reader(function: Callable[..., None], *arguments: Any) -> None:
    """Let something blocking happen off the event loop; nobody waits for it."""
    _pool.submit(_read, function, arguments)


async def _run_in(
    pool: ThreadPoolExecutor, function: Callable[..., Result], *arguments: Any
) -> Result:
    return await asyncio.get_running_loop().run_in_executor(pool, _read, function, arguments)


def _read(function: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
    try:
        return function(*arguments)
    except DatabaseError:
        # The connection may be what failed; the next read opens a fresh one.
        connections.close_all()
        raise


gathering_reader = GatheringReader()
