"""What staff see of presence: who is here, how many were, and, audited, one person's past."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from pairly.accounts.selectors import user_exists
from pairly.accounts.staff_selectors import names_of
from pairly.audit.services import look
from pairly.core import clock
from pairly.core.errors import NotFound, TryAgain
from pairly.core.shared_cache import CacheAway
from presence.history import kinds_of
from presence.models import Count, DeviceKind, PastVisit, Presence
from presence.status import Mode, Status, Visit
from presence.stores.base import Store
from presence.stores.chosen import store

__all__ = [
    "GROUPS",
    "Here",
    "History",
    "Stay",
    "counts_between",
    "counts_now",
    "here_now",
    "look_at_history",
]

GROUPS = (Status.ONLINE, Status.BUSY, Status.AWAY, Status.INVISIBLE)
PAST_VISITS_MAX = 200

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Stay:
    """A device that is here."""

    device_kind: DeviceKind
    started_at: datetime
    active_at: datetime


@dataclass(frozen=True, slots=True)
class Here:
    user_id: UUID
    email: str
    stays: list[Stay]


@dataclass(frozen=True, slots=True)
class History:
    """``past`` is the newest ``PAST_VISITS_MAX``, newest first."""

    user_id: UUID
    mode: Mode
    last_seen_at: datetime | None
    stays: list[Stay]
    past: list[PastVisit]


def counts_now() -> dict[Status, int]:
    """How many people are in each of ``GROUPS``. Raises ``TryAgain``."""
    return _asked(lambda store: store.counts())


def here_now(status: Status, *, offset: int, limit: int) -> list[Here]:
    """Who is in one of ``GROUPS``, the latest to come first. Raises ``TryAgain``."""
    people = _asked(lambda store: store.people(status, offset=offset, limit=limit))
    stays, names = _stays_of(people), names_of(people)
    return [Here(user_id, names.get(user_id, str(user_id)), stays[user_id]) for user_id in people]


def counts_between(since: datetime, until: datetime) -> list[Count]:
    """A row for each minute in which somebody counted."""
    return list(Count.objects.filter(at__gte=since, at__lt=until).order_by("at"))


def look_at_history(*, user_id: UUID, actor_id: UUID, request_id: str) -> History:
    """When a person was here, and on what; the look is noted. Raises ``NotFound``, ``TryAgain``."""
    if not user_exists(user_id):
        raise NotFound("There is no such person.")
    stays = _stays_of([user_id])[user_id]
    look(
        actor_id=actor_id,
        action="presence.viewed",
        target_type="user",
        target_id=user_id,
        request_id=request_id,
    )
    row = Presence.objects.filter(pk=user_id).first() or Presence(user_id=user_id)
    past = PastVisit.objects.filter(user_id=user_id).order_by("-id")[:PAST_VISITS_MAX]
    return History(user_id, Mode(row.mode), row.last_seen_at, stays, list(past))


def _stays_of(user_ids: Sequence[UUID]) -> dict[UUID, list[Stay]]:
    states = _asked(lambda store: store.read(user_ids))
    kinds = kinds_of({visit.device_id for s in states.values() for visit in s.visits})
    return {
        user_id: [_stay(visit, kinds.get(visit.device_id)) for visit in state.visits]
        for user_id, state in states.items()
    }


def _stay(visit: Visit, kind: DeviceKind | None) -> Stay:
    since, active = (clock.from_milliseconds(at) for at in (visit.since, visit.active_at))
    return Stay(kind or DeviceKind.OTHER, since, active)


def _asked(question: Callable[[Store], Result]) -> Result:
    try:
        return question(store())
    except CacheAway as error:
        raise TryAgain("Who is here cannot be told at this moment.") from error
