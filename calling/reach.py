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


def register(reaches: Reaches) -> None:
    """Add a way to reach people. Call it from ``AppConfig.ready``."""
    if reaches not in _ways:
        _ways.append(reaches)


def can_be_rung(user_id: UUID) -> bool:
    """Whether an invite may come through. With several processes that have no shared knowledge of
    sockets everybody may be connected to another one, so it rings, perhaps in vain."""
    if any(connection.features >= {"calls"} for connection in hub.of(user_id)):
        return True
    if any(reaches(user_id) for reaches in _ways):
        return True
    return settings.REALTIME_BROADCAST and not _ways
