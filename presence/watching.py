"""Who watches whom in this process.

The index goes from a person to the sockets that watch them, so a change costs what its watchers
cost. Each socket's entry is what it was told last: whatever comes, it is sent what differs. All
of it lives on the event loop; what may be seen is read in the presence thread, one question after
the other, so that no older answer overtakes a newer one.
"""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import islice
from uuid import UUID

import msgspec
from django.conf import settings

from pairly.core import clock
from pairly.realtime.connections import Connection, hub
from pairly.realtime.frames import event_frame, to_json
from presence.errors import TooManyWatched
from presence.looking import CHANGED
from presence.registry import Pair
from presence.schemas import PresenceData
from presence.selectors import seen
from presence.tracker import worker

__all__ = ["CHANGED", "Watching", "watching"]

PAIRS_AT_ONCE_MAX = 500
PAIRS_READ_AT_ONCE_MAX = 2000
AGAIN_SECONDS = 2

Told = dict[Connection, PresenceData | None]
Seen = dict[Pair, PresenceData]


class Watching:
    """An observer of the hub's sockets, and the listener to changes."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._watchers: dict[UUID, Told] = {}
        self._watched: dict[Connection, set[UUID]] = {}
        self._unread: set[UUID] = set()

    def opened(self, connection: Connection) -> None:
        pass

    def acted(self, connection: Connection) -> None:
        pass

    def closed(self, connection: Connection) -> None:
        self.unwatch(connection, self._watched.get(connection, ()))

    def missed(self) -> None:
        """The leases look again, once everybody is known again."""

    async def watch(self, connection: Connection, user_ids: Sequence[UUID]) -> list[PresenceData]:
        """Watch these people too; how they show now. Raises ``TooManyWatched``."""
        wanted = list(dict.fromkeys(user_ids))
        mine = self._watched.get(connection, set())
        if len(mine.union(wanted)) > settings.PRESENCE_WATCHED_MAX:
            raise TooManyWatched
        if not wanted:
            return []
        self._watched[connection] = mine.union(wanted)
        for user_id in wanted:
            self._watchers.setdefault(user_id, {}).setdefault(connection, None)
        pairs = [(connection.user_id, user_id) for user_id in wanted]
        found = await self._ask(connection, pairs)
        # What it was told since then is newer.
        newest = (self._watchers.get(user_id, {}).get(connection) for user_id in wanted)
        return [told or found[pair] for told, pair in zip(newest, pairs, strict=True)]

    def _ask(self, connection: Connection, pairs: list[Pair]) -> "asyncio.Future[Seen]":
        answer: asyncio.Future[Seen] = asyncio.get_running_loop().create_future()

        def take(result: Seen | Exception) -> None:
            if isinstance(result, Exception):
                if not answer.done():
                    answer.set_exception(result)
                return
            for (_viewer_id, person_id), data in result.items():
                told = self._watchers.get(person_id, {})
                if connection in told:
                    told[connection] = data
            if not answer.done():
                answer.set_result(result)

        worker.submit(seen_by, pairs, partial(hub.call_soon, take))
        return answer

    def unwatch(self, connection: Connection, user_ids: Iterable[UUID]) -> None:
        mine = self._watched.get(connection, set())
        for user_id in set(user_ids) & mine:
            mine.discard(user_id)
            told = self._watchers[user_id]
            del told[connection]
            if not told:
                del self._watchers[user_id]
        if not mine:
            self._watched.pop(connection, None)

    def heard(self, data: str) -> None:
        """These people may have changed: find out what who watches them here may know."""
        self.look_again(msgspec.json.decode(data, type=list[UUID]))

    def look_again(self, user_ids: Iterable[UUID] | None = None) -> None:
        """At these people, or at all who are watched here."""
        wanted = self._watchers.keys() if user_ids is None else user_ids
        pairs = {
            (connection.user_id, user_id)
            for user_id in wanted
            for connection in self._watchers.get(user_id, ())
        }
        rest = iter(pairs)
        while part := list(islice(rest, PAIRS_AT_ONCE_MAX)):
            worker.submit(seen_by, part, partial(hub.call_soon, self._tell, part))

    def _tell(self, pairs: list[Pair], result: Seen | Exception) -> None:
        """Send each socket what differs from what it was told last. One that was told nothing yet
        waits for an answer that is newer than this. What could not be read is asked for again."""
        if isinstance(result, Exception):
            if not self._unread:
                asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._read_again)
            self._unread.update(person_id for _viewer_id, person_id in pairs)
            return
        for (viewer_id, person_id), data in result.items():
            told = self._watchers.get(person_id, {})
            for connection, before in told.items():
                if connection.user_id == viewer_id and before not in (None, data):
                    told[connection] = data
                    connection.send_text(event_frame("presence.changed", to_json(data)))

    def _read_again(self) -> None:
        unread, self._unread = self._unread, set()
        self.look_again(unread)


def seen_by(requests: Sequence[list[Pair]]) -> list[Seen]:
    """How people show, for each request; several share the reads, within bounds."""
    answers: list[Seen] = []
    waiting: list[list[Pair]] = []
    for request in requests:
        waiting.append(request)
        if sum(map(len, waiting)) >= PAIRS_READ_AT_ONCE_MAX:
            answers += _seen_together(waiting)
            waiting = []
    return answers + _seen_together(waiting)


def _seen_together(requests: Sequence[list[Pair]]) -> list[Seen]:
    found = seen({pair for request in requests for pair in request}, clock.now())
    return [{pair: found[pair] for pair in request} for request in requests]


watching = Watching()
"""Who watches in this process."""
