"""Reads for sockets: a few threads that keep their database connections open.

``database_sync_to_async`` would run everything in one thread and reopen SQLite at every call.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import DatabaseError, connections

from pairly.core.batching import Batcher

__all__ = ["batched_reader", "run_in_reader", "stop_readers"]

READER_THREADS = 4

Result = TypeVar("Result")

_pool: ThreadPoolExecutor | None = None

batched_reader = Batcher("reader", transactional=False)
"""For reads that every socket repeats (heartbeats): many sockets, one query."""


async def run_in_reader(function: Callable[..., Result], *arguments: Any) -> Result:
    """Run a blocking read off the event loop."""
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(READER_THREADS, thread_name_prefix="reader")
    return await asyncio.get_running_loop().run_in_executor(_pool, _read, function, arguments)


def _read(function: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
    try:
        return function(*arguments)
    except DatabaseError:
        # The connection may be what failed; the next read opens a fresh one.
        connections.close_all()
        raise


def stop_readers() -> None:
    """Finish what runs and close the threads' connections. The next read starts new threads."""
    global _pool
    batched_reader.stop()
    pool, _pool = _pool, None
    if pool is not None:
        pool.shutdown(wait=True)
