"""Wire shapes of presence."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec

from pairly.realtime.frames import register_event
from presence.status import Status

__all__ = [
    "SHOWN",
    "ModeData",
    "PresenceData",
    "SetCommand",
    "UnwatchCommand",
    "WatchAck",
    "WatchCommand",
]

WATCHED_AT_ONCE_MAX = 500

Shown = Literal["online", "busy", "away", "offline"]
SHOWN: Final[Mapping[Status, Shown]] = {
    Status.ONLINE: "online",
    Status.BUSY: "busy",
    Status.AWAY: "away",
    Status.INVISIBLE: "offline",
    Status.OFFLINE: "offline",
}
"""As what each status shows to others."""

UserIds = Annotated[list[UUID], msgspec.Meta(max_length=WATCHED_AT_ONCE_MAX)]


class PresenceData(msgspec.Struct, frozen=True):
    """How one person is seen by another. ``last_seen`` is null of who is here or away, and of who
    does not tell. Of strangers and of whoever may not be seen it is ``offline`` and null."""

    user_id: UUID
    status: Shown
    last_seen: str | None = None


class ModeData(msgspec.Struct):
    mode: Literal["auto", "away", "invisible"]


class SetCommand(ModeData):
    pass


class WatchCommand(msgspec.Struct):
    user_ids: UserIds


class UnwatchCommand(msgspec.Struct):
    user_ids: UserIds


class WatchAck(msgspec.Struct):
    results: list[PresenceData]


register_event(
    "presence.changed",
    feature="presence",
    data=PresenceData,
    durable=False,
    summary="Somebody who is watched shows otherwise.",
)
