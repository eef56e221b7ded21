"""What a person's devices come to: one pure function of what is stored and the time.

A *visit* is the stay of one device at one process, from its first socket to its last. Times are
whole milliseconds since 1970.
"""

from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.db import models

__all__ = [
    "FOREVER",
    "Facts",
    "Mode",
    "Standing",
    "State",
    "Status",
    "Visit",
    "latest_activity",
    "standing",
]

FOREVER = 2**53


class Status(models.TextChoices):
    """What others see; ``INVISIBLE`` is a person who is here and shows to them as offline."""

    ONLINE = "online", "Online"
    BUSY = "busy", "In a call"
    AWAY = "away", "Away"
    INVISIBLE = "invisible", "Invisible"
    OFFLINE = "offline", "Offline"


class Mode(models.TextChoices):
    """What the person wishes to be seen as."""

    AUTO = "auto", "As I am"
    AWAY = "away", "Away"
    INVISIBLE = "invisible", "Invisible"


@dataclass(slots=True)
class Visit:
    """``alive_until``: nobody has to believe longer than this that the device is there, unless
    somebody says so again. ``active_at``: when the person before it last did something.
    ``by_requests``: without a socket, by heartbeats over HTTP."""

    id: str
    device_id: UUID
    since: int
    alive_until: int
    active_at: int
    by_requests: bool = False


@dataclass(slots=True)
class State:
    """What a store knows of a person. ``told`` is the status that a look last came to; ``version``
    changes with every write, and compare-and-set asks for it."""

    visits: list[Visit] = field(default_factory=list)
    told: Status = Status.OFFLINE
    version: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database and other apps know of a person, who need not be here."""

    mode: Mode = Mode.AUTO
    in_call: bool = False
    last_seen: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """``changes_at``: when time alone may make it another one; None if it cannot."""

    status: Status
    changes_at: int | None


def standing(state: State, facts: Facts, now: int) -> Standing:
    """Online while somebody acted lately on a device that is there, then away for some time, then
    offline. The newest activity decides, so the best device does."""
    here = [visit for visit in state.visits if visit.alive_until > now]
    ends = [visit.alive_until for visit in state.visits if visit.alive_until < FOREVER]
    if not here:
        return Standing(Status.OFFLINE, now if ends else None)
    active_at = latest_activity(here)
    away_at = active_at + settings.PRESENCE_AWAY_SECONDS * 1000
    offline_at = away_at + settings.PRESENCE_OFFLINE_SECONDS * 1000
    changes = [at for at in (away_at, offline_at, *ends) if at > now]
    if len(here) < len(state.visits):
        changes.append(now)  # a visit that is over waits to be written down
    if now >= offline_at:
        status = Status.OFFLINE
    else:
        status = _as_wished(Status.ONLINE if now < away_at else Status.AWAY, facts)
    return Standing(status, min(changes, default=None))


def _as_wished(status: Status, facts: Facts) -> Status:
    if facts.mode is Mode.INVISIBLE:
        return Status.INVISIBLE
    if facts.mode is Mode.AWAY:
        return Status.AWAY
    return Status.BUSY if facts.in_call else status


def latest_activity(visits: list[Visit]) -> int:
    """0 without any."""
    return max((visit.active_at for visit in visits), default=0)
