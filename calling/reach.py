"""Who can be rung at all: somebody with an open socket, or with a device that takes pushes.

Other apps know of more ways than the sockets of this process: each registers a function that says
of a person whether it can reach them.
"""

from collections.abc import Callable
from uuid import UUID

from django.conf import settings

from pairly.realtime.connections import hub

__all__ = ["can_be_rung", "register"]

Reaches = Callable[[UUID], bool]

_ways: list[Reaches] = []
_pushes: list[Reaches] = []


def register(reaches: Reaches, *, knows_sockets: bool = True) -> None:
    """Add a way to reach people; ``knows_sockets`` if it knows of those of every process. Call it
    from ``AppConfig.ready``."""
    ways = _ways if knows_sockets else _pushes
    if reaches not in ways:
        ways.append(reaches)


def can_be_rung(user_id: UUID) -> bool:
    """Whether an invite may come through. With several processes that have no shared knowledge of
    sockets everybody may be connected to another one, so it rings, perhaps in vain."""
    if any(connection.features >= {"calls"} for connection in hub.of(user_id)):
        return True
    if any(reaches(user_id) for reaches in (*_ways, *_pushes)):
        return True
    return settings.REALTIME_BROADCAST and not _ways
