"""What travels to sockets: one event for one person, or the end of a person's sockets; and notices
to the apps of every process."""

from typing import Any
from uuid import UUID

import msgspec

from pairly.realtime.frames import Origin

__all__ = ["Disconnect", "News", "Notice", "Published", "packed", "unpacked"]


class News(msgspec.Struct, frozen=True):
    """One event for one person. ``data`` and ``ack`` are JSON; ``position`` is None for what is
    not kept. The socket named by ``origin`` gets the ack in place of the event. ``device_id``
    and ``except_device_id`` keep it to one of the person's devices, or from one."""

    user_id: UUID
    type: str
    data: str
    position: int | None = None
    origin: Origin | None = None
    ack: str = "{}"
    device_id: UUID | None = None
    except_device_id: UUID | None = None

    def is_for(self, device_id: UUID) -> bool:
        return (self.device_id is None or self.device_id == device_id) and (
            self.except_device_id is None or self.except_device_id != device_id
        )


class Disconnect(msgspec.Struct, frozen=True):
    """Close a person's sockets, or those of one device."""

    user_id: UUID
    code: int
    device_id: UUID | None = None


class Notice(msgspec.Struct, frozen=True):
    """A word to who listens to the topic in every process, rather than to people's sockets."""

    topic: str
    data: str


Published = News | Disconnect | Notice


def packed(item: Published) -> list[Any]:
    """For other processes, where neither the socket that asked nor its ack is of use."""
    if isinstance(item, News):
        devices = (_hex(item.device_id), _hex(item.except_device_id))
        return [item.user_id.hex, item.type, item.data, item.position, *devices]
    if isinstance(item, Notice):
        return [item.topic, item.data]
    return [item.user_id.hex, item.code, _hex(item.device_id)]


def unpacked(packed: list[Any]) -> Published:
    if len(packed) == 2:
        return Notice(*packed)
    user_id = UUID(hex=packed[0])
    if len(packed) == 3:
        return Disconnect(user_id, packed[1], _id(packed[2]))
    kind, data, position, device, excepted = packed[1:]
    return News(
        user_id, kind, data, position, device_id=_id(device), except_device_id=_id(excepted)
    )


def _hex(value: UUID | None) -> str | None:
    return value.hex if value else None


def _id(text: str | None) -> UUID | None:
    return UUID(hex=text) if text else None
