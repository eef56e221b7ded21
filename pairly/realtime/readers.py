"""Reads for sockets: a few threads that keep their database connections open.

``database_sync_to_async`` would run everything in one thread and reopen SQLite at every call.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

from django.db import DatabaseError, connections

from pairly.core.batching import Operation

__all__ = ["gathering_reader", "run_in_reader"]

READER_THREADS = 4

Result = TypeVar("Result")
Waiting = tuple[Operation, Any, Callable[[Any], None]]

_pool = ThreadPoolExecutor(READER_THREADS, thread_name_prefix="reader")


class GatheringReader:
    """For reads that every socket repeats: while one is under way the next ones gather, and then
    go together. A ``batcher`` of commands that lives on the event loop, without a lock."""

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []
        self._task: asyncio.Task[None] | None = None

    def submit(
        self, operation: Operation, request: Any, reply: Callable[[Any], None], _deliver: object
    ) -> None:
        """Call on the event loop; ``reply`` gets the result or the exception there."""
        self._waiting.append((operation, request, reply))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            for operation, together in groupby(waiting, itemgetter(0)):
                await self._read_together(operation, list(together))

    @staticmethod
    async def _read_together(operation: Operation, waiting: list[Waiting]) -> None:
        try:
            results = await run_in_reader(operation, [request for _op, request, _reply in waiting])
        except Exception as error:
            results = [error] * len(waiting)
        for (_operation, _request, reply), result in zip(waiting, results, strict=True):
            reply(result)


async def run_in_reader(function: Callable[..., Result], *arguments: Any) -> Result:
    """Run a blocking read off the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_pool, _read, function, arguments)


def _read(function: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
    try:
        return function(*arguments)
    except DatabaseError:
        # The connection may be what failed; the next read opens a fresh one.
        connections.close_all()
        raise


gathering_reader = GatheringReader()
