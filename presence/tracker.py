"""The devices that have sockets in this process, and the writing of it to the store.

Runs on the event loop and never waits: what changed is gathered while the thread that writes is
busy, and goes out as soon as it is free. A heartbeat of somebody who is online costs a few
assignments and its share of one write.
"""

import logging
import time
from collections import deque
from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from pairly.core import clock
from pairly.core.batching import Batcher
from pairly.core.ids import new_id
from pairly.core.shared_cache import CacheAway
from pairly.realtime.connections import Connection, hub
from pairly.realtime.errors import CloseCode
from presence.looking import look
from presence.status import FOREVER, Visit
from presence.stores.chosen import store

__all__ = ["Touch", "Tracker", "look_together", "report", "tracker", "worker"]

logger = logging.getLogger(__name__)

worker = Batcher("presence", transactional=False)
"""The thread in which this process writes and reads presence for its sockets."""

Key = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Touch:
    """A visit to write; ``changes``: the person may now be something else."""

    user_id: UUID
    visit: Visit
    changes: bool


@dataclass(slots=True)
class Stay:
    """A device here, while it has sockets and for the moment in which it may come back."""

    visit: Visit
    sockets: int = 1
    left_at: int = 0


class Tracker:
    """An observer of the hub's sockets."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._stays: dict[Key, Stay] = {}
        self._left: deque[tuple[int, Key]] = deque()
        self._dirty: dict[Key, bool] = {}
        self._is_writing = False

    def opened(self, connection: Connection) -> None:
        """To come is to do something, but for who was away for a moment only."""
        key, now = (connection.user_id, connection.device_id), _now()
        self._drop_left(now)
        stay = self._stays.get(key)
        if stay is None:
            visit = Visit(new_id().hex, connection.device_id, now, now, now)
            self._stays[key] = Stay(visit)
        else:
            stay.sockets += 1
        self._mark(key, changes=True)

    def acted(self, connection: Connection) -> None:
        key = (connection.user_id, connection.device_id)
        stay = self._stays.get(key)
        if stay is None:
            return
        now, before = _now(), stay.visit.active_at
        stay.visit.active_at = now
        self._mark(key, changes=now - before >= settings.PRESENCE_AWAY_SECONDS * 1000)

    def closed(self, connection: Connection) -> None:
        """Left, unless we sent it away to come back at once, maybe to another process."""
        key, now = (connection.user_id, connection.device_id), _now()
        stay = self._stays.get(key)
        if stay is None:
            return
        stay.sockets -= 1
        if stay.sockets:
            return
        if connection.close_code == CloseCode.RESTART:
            del self._stays[key]
            return
        stay.left_at = now
        self._left.append((now, key))
        self._mark(key, changes=True)

    def active_here(self, user_ids: Collection[UUID]) -> set[UUID]:
        """Those of the people who did something in the last minutes on a device that has a socket
        in this process. Asks nobody, from any thread."""
        away = _now() - settings.PRESENCE_AWAY_SECONDS * 1000
        return {user_id for user_id in user_ids if self._latest_here(user_id) > away}

    def _latest_here(self, user_id: UUID) -> int:
        devices = {connection.device_id for connection in hub.of(user_id)}
        stays = (self._stays.get((user_id, device_id)) for device_id in devices)
        return max((stay.visit.active_at for stay in stays if stay is not None), default=0)

    def missed(self) -> None:
        """The leases say anew who is here."""

    def say_who_is_here(self) -> None:
        """Extend the leases of all devices here."""
        self._drop_left(_now())
        self._dirty = dict.fromkeys(self._stays, False) | self._dirty
        self._write_rest()

    def _drop_left(self, now: int) -> None:
        """Forget who did not come back; they are gone for the store by then."""
        horizon = now - settings.PRESENCE_DAMPING_SECONDS * 1000
        while self._left and self._left[0][0] <= horizon:
            left_at, key = self._left.popleft()
            stay = self._stays.get(key)
            if stay is not None and not stay.sockets and stay.left_at == left_at:
                del self._stays[key]

    def _mark(self, key: Key, *, changes: bool) -> None:
        self._dirty[key] = changes or self._dirty.get(key, False)
        if not self._is_writing:
            self._write()

    def _write(self) -> None:
        dirty, self._dirty = self._dirty, {}
        touches = [
            self._touch(key, self._stays[key], changes)
            for key, changes in dirty.items()
            if key in self._stays
        ]
        if touches:
            self._is_writing = True
            try:
                worker.submit(report, touches, self._written)
            except RuntimeError:  # The process ends, and the leases lapse by themselves.
                self._is_writing = False

    def _touch(self, key: Key, stay: Stay, changes: bool) -> Touch:
        visit = copy(stay.visit)
        if stay.sockets:
            visit.alive_until = min(_now() + store().lease_milliseconds, FOREVER)
        else:
            visit.alive_until = stay.left_at + settings.PRESENCE_DAMPING_SECONDS * 1000
        return Touch(key[0], visit, changes)

    def _written(self, _result: object) -> None:
        """On the writing thread."""
        self._is_writing = False
        hub.call_soon(self._write_rest)

    def _write_rest(self) -> None:
        if self._dirty and not self._is_writing:
            self._write()


def report(batches: Sequence[Sequence[Touch]]) -> list[None]:
    """Write visits and look at whom they change, and at whom the store had given up or the clock
    had changed. While the store cannot be had it is left: the next extension of the leases makes up
    for it."""
    newest: dict[str, Touch] = {}
    changed: set[UUID] = set()
    for touch in (touch for batch in batches for touch in batch):
        newest[touch.visit.id] = touch
        if touch.changes:
            changed.add(touch.user_id)
    now = clock.now()
    quiet = [(t.user_id, t.visit) for t in newest.values() if t.user_id not in changed]
    try:
        doubted = store().touch(quiet)
        changed |= doubted
        loud = [(t.user_id, t.visit) for t in newest.values() if t.user_id in changed]
        doubted |= store().touch(loud, look_at=clock.to_milliseconds(now))
        look(changed, now, doubted=doubted)
    except CacheAway as error:
        logger.info("%d visits were not written: %r", len(newest), error)
    return [None] * len(batches)


def look_together(requests: Sequence[Sequence[UUID]]) -> list[None]:
    """Look at the people of all these requests, unless the store cannot be had."""
    try:
        look({user_id for request in requests for user_id in request}, clock.now())
    except CacheAway as error:
        logger.info("some people were not looked at: %r", error)
    return [None] * len(requests)


def _now() -> int:
    return time.time_ns() // 1_000_000


tracker = Tracker()
"""The tracker of this process."""
