"""Wire shapes of notifications on sockets."""

from uuid import UUID

import msgspec

from notifications.kinds import KINDS
from notifications.models import Notification
from pairly.core import clock
from pairly.realtime.frames import register_event

__all__ = [
    "NotificationNewData",
    "NotificationUnreadData",
    "NotificationView",
    "ReadAck",
    "ReadCommand",
    "notification_view",
]


class NotificationView(msgspec.Struct):
    """``count`` is of how many happenings it tells; ``data`` says what to open. Texts are plain."""

    id: UUID
    kind: str
    category: str
    title: str
    body: str
    data: dict[str, str]
    count: int
    created_at: str
    read_at: str | None


class NotificationNewData(msgspec.Struct):
    """``replaces_id`` is the unread one that it takes the place of; ``unread`` counts it."""

    notification: NotificationView
    unread: int
    replaces_id: UUID | None


class NotificationUnreadData(msgspec.Struct):
    """``count`` are unread now. ``read_ids`` and ``deleted_ids`` say what changed; ``read_up_to``
    that everything up to this id is read. ``at`` is when they were read."""

    count: int
    at: str
    read_ids: list[UUID] = []
    deleted_ids: list[UUID] = []
    read_up_to: UUID | None = None


class ReadCommand(msgspec.Struct):
    id: UUID


class ReadAck(msgspec.Struct):
    count: int


def notification_view(row: Notification) -> NotificationView:
    kind = KINDS.get(row.kind)
    return NotificationView(
        id=row.pk,
        kind=row.kind,
        category=kind.category if kind else "",
        title=row.title,
        body=row.body,
        data=row.data,
        count=row.count,
        created_at=clock.to_rfc3339(row.created_at),
        read_at=clock.to_rfc3339(row.read_at) if row.read_at else None,
    )


register_event(
    "notification.new",
    feature="notifications",
    data=NotificationNewData,
    summary="Something this person should know. It may take the place of an unread one.",
)
register_event(
    "notification.unread",
    feature="notifications",
    data=NotificationUnreadData,
    summary="Notifications were read or deleted, perhaps on another device.",
)
