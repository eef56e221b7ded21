"""Finding out what people are now, telling who watches, and noting it in the store.

Watchers are told before the store notes it, so that whoever dies in between has told at worst
twice; what they are told is read afresh where they are connected.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

from pairly.core import clock
from pairly.realtime.connections import hub
from pairly.realtime.frames import to_json
from pairly.realtime.news import Notice
from presence.facts import facts_of
from presence.history import write_down
from presence.status import Facts, Mode, State, Visit, latest_activity, standing
from presence.stores.base import Settled
from presence.stores.chosen import store

__all__ = ["CHANGED", "announce", "look", "sweep"]

CHANGED = "presence.changed"
PEOPLE_AT_ONCE_MAX = 500
LOOKS_MAX = 3


def announce(user_ids: Iterable[UUID]) -> None:
    """Have every process look at what its watchers may know of these people."""
    names = iter(user_ids)
    while part := list(islice(names, PEOPLE_AT_ONCE_MAX)):
        hub.publish([Notice(CHANGED, to_json(part))])


def look(user_ids: Collection[UUID], now: datetime, *, doubted: Collection[UUID] = ()) -> None:
    """Look at people of whom something changed; again where they changed meanwhile. Of the
    ``doubted`` watchers hear whatever was told: somebody may have read otherwise since."""
    at, waiting = clock.to_milliseconds(now), list(user_ids)
    for _round in range(LOOKS_MAX):
        if not waiting:
            return
        waiting = _look(store().read(waiting), facts_of(waiting), {}, at, doubted)


def sweep(now: datetime) -> int:
    """Look at everybody whom time alone may have changed, and write down the visits that are over
    and when people were last seen; how many were looked at."""
    at, looked_at = clock.to_milliseconds(now), 0
    while due := store().due(at, PEOPLE_AT_ONCE_MAX):
        states, facts = store().read(due), facts_of(due)
        over = {user_id: _taken_out(state, at) for user_id, state in states.items()}
        write_down(over, _newly_seen(states, over, facts))
        stale = _look(states, facts, over, at, ())
        looked_at += len(due)
        if stale or len(due) < PEOPLE_AT_ONCE_MAX:
            break  # who changed meanwhile stays due
    return looked_at


def _look(
    states: Mapping[UUID, State],
    facts: Mapping[UUID, Facts],
    over: Mapping[UUID, Sequence[Visit]],
    at: int,
    doubted: Collection[UUID],
) -> list[UUID]:
    """Tell and note what these people are; those of whom it is not noted, for they changed."""
    found = {user_id: standing(state, facts[user_id], at) for user_id, state in states.items()}
    announce(
        user
        for user, state in states.items()
        if found[user].status is not state.told or user in doubted
    )
    return store().settle(
        [
            Settled(
                user_id,
                state.version,
                found[user_id].status,
                found[user_id].changes_at,
                [visit.id for visit in over.get(user_id, ())],
            )
            for user_id, state in states.items()
        ]
    )


def _taken_out(state: State, at: int) -> list[Visit]:
    """The visits that are over, which the state then is without."""
    over = [visit for visit in state.visits if visit.alive_until <= at]
    state.visits = [visit for visit in state.visits if visit.alive_until > at]
    return over


def _newly_seen(
    states: Mapping[UUID, State],
    over: Mapping[UUID, Sequence[Visit]],
    facts: Mapping[UUID, Facts],
) -> dict[UUID, int]:
    """When people acted last, where that is later than what is known; not of the invisible."""
    latest = {
        user_id: latest_activity([*state.visits, *over[user_id]])
        for user_id, state in states.items()
        if facts[user_id].mode is not Mode.INVISIBLE
    }
    return {user_id: at for user_id, at in latest.items() if at > facts[user_id].last_seen}
