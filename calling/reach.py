"""Who can be rung at all: somebody with an open socket, or with a device that takes pushes.

Presence knows the sockets of every process. Apps that lie above know of more ways: each registers
a function that says of a person whether it can reach them.
"""

from collections.abc import Callable
from uuid import UUID

from django.conf import settings

from pairly.realtime.connections import hub
from presence.selectors import may_be_connected

__all__ = ["can_be_rung", "register"]

Reaches = Callable[[UUID], bool]

_ways: list[Reaches] = []


def register(reaches: Reaches) -> None:
    """Add a way to reach people beside sockets. Call it from ``AppConfig.ready``."""
    if reaches not in _ways:
        _ways.append(reaches)


def can_be_rung(user_id: UUID) -> bool:
    """Whether an invite may come through: here, at another process, or by one of the ways."""
    if any(connection.features >= {"calls"} for connection in hub.of(user_id)):
        return True
    if settings.REALTIME_BROADCAST and may_be_connected(user_id):
        return True
    return any(reaches(user_id) for reaches in _ways)
