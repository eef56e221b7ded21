"""Presence of a server that is one process: dictionaries, gone with it."""

import threading
from collections.abc import Collection, Sequence
from copy import copy
from heapq import nsmallest
from itertools import count, islice
from uuid import UUID

from pairly.core import clock
from presence.status import FOREVER, State, Status, Visit
from presence.stores.base import Settled

__all__ = ["MemoryStore"]


class MemoryStore:
    """Its sockets end with it, so nobody has to say again and again that they are there."""

    lease_milliseconds = FOREVER

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self._states: dict[UUID, State] = {}
        self._visits: dict[UUID, dict[str, Visit]] = {}
        self._look_at: dict[UUID, int] = {}
        self._told: dict[Status, dict[UUID, None]] = {status: {} for status in Status}
        self._numbers = count(1)

    def touch(
        self, visits: Sequence[tuple[UUID, Visit]], *, look_at: int | None = None
    ) -> set[UUID]:
        with self._guard:
            now = clock.to_milliseconds(clock.now())
            found = {user for user, _visit in visits if self._look_at.get(user, FOREVER) <= now}
            for user_id, visit in visits:
                theirs = self._visits.setdefault(user_id, {})
                if visit.id not in theirs:
                    found.add(user_id)
                theirs[visit.id] = visit
                self._changed(self._states.setdefault(user_id, State()))
                if look_at is not None and look_at < self._look_at.get(user_id, FOREVER):
                    self._look_at[user_id] = look_at
            return found

    def read(self, user_ids: Collection[UUID]) -> dict[UUID, State]:
        with self._guard:
            return {user_id: self._copy(user_id) for user_id in user_ids}

    def _copy(self, user_id: UUID) -> State:
        state = self._states.get(user_id)
        if state is None:
            return State()
        made = copy(state)
        made.visits = [copy(visit) for visit in self._visits[user_id].values()]
        return made

    def settle(self, looks: Sequence[Settled]) -> list[UUID]:
        stale = []
        with self._guard:
            for look in looks:
                state = self._states.get(look.user_id)
                if state is not None and state.version == look.version:
                    self._settle(look, state)
                elif state is not None or look.version:
                    stale.append(look.user_id)
        return stale

    def _settle(self, look: Settled, state: State) -> None:
        visits = self._visits[look.user_id]
        for visit_id in look.over:
            visits.pop(visit_id, None)
        if look.told is not state.told:
            self._told[state.told].pop(look.user_id, None)
            self._told[look.told][look.user_id] = None
            state.told = look.told
        if not visits:
            del self._states[look.user_id], self._visits[look.user_id]
            self._look_at.pop(look.user_id, None)
            self._told[look.told].pop(look.user_id, None)
        else:
            self._changed(state)
            if look.look_at is None:
                self._look_at.pop(look.user_id, None)
            else:
                self._look_at[look.user_id] = look.look_at

    def due(self, now: int, limit: int) -> list[UUID]:
        """They stay due until they are settled."""
        with self._guard:
            late = ((at, user_id) for user_id, at in self._look_at.items() if at <= now)
            return [user_id for _at, user_id in nsmallest(limit, late)]

    def counts(self) -> dict[Status, int]:
        with self._guard:
            return {s: len(self._told[s]) for s in Status if s is not Status.OFFLINE}

    def people(self, status: Status, *, offset: int, limit: int) -> list[UUID]:
        with self._guard:
            return list(islice(reversed(self._told[status]), offset, offset + limit))

    def end(self, now: int) -> None:
        with self._guard:
            for user_id, visits in self._visits.items():
                for visit in visits.values():
                    visit.alive_until = min(visit.alive_until, now)
                self._changed(self._states[user_id])
                self._look_at[user_id] = now

    def has_forgotten(self) -> bool:
        return False

    def _changed(self, state: State) -> None:
        state.version = str(next(self._numbers))
