"""Who is here: as another person may know it, and as we do."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.conf import settings

from pairly.accounts.models import User
from pairly.core import clock
from pairly.core.shared_cache import CacheAway
from pairly.core.table import Table
from presence import registry
from presence.facts import facts_of
from presence.models import Presence
from presence.registry import Pair
from presence.schemas import SHOWN, PresenceData
from presence.status import Facts, Mode, State, latest_activity, standing
from presence.stores.chosen import store

__all__ = [
    "active_ids",
    "invisible_among",
    "may_be_connected",
    "mode_of",
    "presences_for",
    "seen",
]

PEOPLE = Table(
    User,
    *("id", "deleted_at", "suspended_at", "suspended_until"),
    *("show_online_status", "show_last_seen", "show_in_call"),
)


def active_ids(user_ids: Collection[UUID]) -> set[UUID]:
    """Those of the people who did something in the last minutes on a device that is there, whatever
    others may know of it; who left a moment ago is not. Nobody while the store cannot be had."""
    now = clock.to_milliseconds(clock.now())
    away = now - settings.PRESENCE_AWAY_SECONDS * 1000
    left = now + settings.PRESENCE_DAMPING_SECONDS * 1000
    return {
        user_id
        for user_id, state in _states(user_ids).items()
        if any(visit.alive_until > left and visit.active_at > away for visit in state.visits)
    }


def may_be_connected(user_id: UUID) -> bool:
    """Whether a socket of this person is open at some process, as far as that can be known."""
    now = clock.to_milliseconds(clock.now())
    try:
        state = store().read([user_id])[user_id]
    except CacheAway:
        return True
    return any(visit.alive_until > now and not visit.by_requests for visit in state.visits)


def mode_of(user_id: UUID) -> Mode:
    """What a person wishes to be seen as."""
    found = Presence.objects.filter(pk=user_id).values_list("mode", flat=True).first()
    return Mode(found or Mode.AUTO)


def invisible_among(user_ids: Collection[UUID]) -> set[UUID]:
    """Those of the people who wish to be seen by nobody. One bulk read."""
    hidden = Presence.objects.filter(pk__in=list(user_ids), mode=Mode.INVISIBLE)
    return set(hidden.values_list("pk", flat=True))


def presences_for(viewer_id: UUID, user_ids: Sequence[UUID]) -> list[PresenceData]:
    """The people as this one may know them, in the order of asking."""
    found = seen([(viewer_id, user_id) for user_id in user_ids], clock.now())
    return [found[viewer_id, user_id] for user_id in user_ids]


def seen(pairs: Collection[Pair], now: datetime) -> dict[Pair, PresenceData]:
    """How the second of each pair shows to the first.

    The unknown, deleted, suspended, blocked, hidden and invisible, and everybody with whom one
    shares nothing, are all offline and were never seen. A handful of reads for any number.
    """
    people = {person_id for _viewer_id, person_id in pairs}
    states, facts = _states(people), facts_of(people)
    rows = {row[0]: row[1:] for row in PEOPLE.select("id", people)}
    known = registry.acquainted([pair for pair in pairs if pair[0] != pair[1]])
    at = clock.to_milliseconds(now)
    shown = {
        person_id: _shown(person_id, states[person_id], facts[person_id], row[3:], at)
        for person_id, row in rows.items()
        if _may_act(row, now) and row[3]
    }
    return {
        pair: shown[pair[1]]
        if pair[1] in shown and (pair in known or pair[0] == pair[1])
        else PresenceData(pair[1], "offline")
        for pair in pairs
    }


def _may_act(row: tuple[datetime | None, ...], now: datetime) -> bool:
    deleted_at, suspended_at, until = row[:3]
    return deleted_at is None and (suspended_at is None or (until is not None and until <= now))


def _shown(
    person_id: UUID, state: State, facts: Facts, switches: tuple[bool, ...], now: int
) -> PresenceData:
    _shows_status, shows_last_seen, shows_call = switches
    if not shows_call:
        facts = replace(facts, in_call=False)
    shown = SHOWN[standing(state, facts, now).status]
    if shown != "offline" or not shows_last_seen:
        return PresenceData(person_id, shown)
    last_seen = facts.last_seen
    if facts.mode is not Mode.INVISIBLE:
        last_seen = max(last_seen, latest_activity(state.visits))
    text = clock.to_rfc3339(clock.from_milliseconds(last_seen)) if last_seen else None
    return PresenceData(person_id, shown, text)


def _states(user_ids: Collection[UUID]) -> dict[UUID, State]:
    try:
        return store().read(user_ids)
    except CacheAway:
        return {user_id: State() for user_id in user_ids}
