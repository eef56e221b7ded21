"""Saying again and again that the sockets of this process are there, where processes share Redis.

A process that dies says no more, and after ``PRESENCE_LEASE_SECONDS`` its sockets count as gone. A
Redis that may have lost its memory is told everything anew; once the other processes had the time
to do so too, who is watched here is looked at again.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from django.conf import settings

from pairly.core.shared_cache import CacheAway
from pairly.realtime.connections import Connection, hub
from presence.status import FOREVER
from presence.stores.chosen import store
from presence.tracker import tracker, worker
from presence.watching import watching

__all__ = ["Leases", "leases"]

EXTENSIONS_PER_LEASE = 3
OTHERS_SECONDS = 10
"""In this time every process has noticed that something was lost, and told anew who is there."""


class Leases:
    """An observer of the hub's sockets: the first one starts it."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def opened(self, _connection: Connection) -> None:
        if store().lease_milliseconds == FOREVER:
            return
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._extend())

    def acted(self, connection: Connection) -> None:
        pass

    def closed(self, connection: Connection) -> None:
        pass

    def missed(self) -> None:
        """What others told, or what the store knew, may be lost."""
        tracker.say_who_is_here()
        asyncio.get_running_loop().call_later(OTHERS_SECONDS, watching.look_again)

    async def _extend(self) -> None:
        while True:
            await asyncio.sleep(settings.PRESENCE_LEASE_SECONDS / EXTENSIONS_PER_LEASE)
            worker.submit(were_lost, None, partial(hub.call_soon, self._say))

    def _say(self, is_lost: object) -> None:
        if is_lost is False:
            tracker.say_who_is_here()
        else:
            self.missed()


def were_lost(requests: Sequence[None]) -> list[bool]:
    """Whether the store forgot what it was told, or cannot be had."""
    try:
        return [store().has_forgotten()] * len(requests)
    except CacheAway:
        return [True] * len(requests)


leases = Leases()
"""The leases of this process."""
