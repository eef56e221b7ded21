"""Reading and deleting: what one device does, the others of the person hear."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from notifications.models import Delivery, Notification
from notifications.schemas import NotificationUnreadData, ReadAck
from notifications.selectors import notification_for, open_alike, unread_count
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.errors import PairlyError
from pairly.realtime.frames import Origin, to_json
from pairly.realtime.services import Append, append

__all__ = ["Read", "ReadResult", "delete_notification", "read_alike", "read_notifications"]

State = Delivery.State


class Read(msgspec.Struct, frozen=True):
    """A wish to mark one notification as read, or all of them."""

    user_id: UUID
    notification_id: UUID | None
    origin: Origin | None = None


class ReadResult(msgspec.Struct):
    """``count`` are unread now. ``position`` is None when nothing changed."""

    count: int
    ack: str
    position: int | None = None


def read_notifications(requests: Sequence[Read]) -> list[ReadResult | PairlyError]:
    """Mark as read; again does nothing. Refusal: ``NotFound``. Inside a transaction."""
    now = clock.now()
    return [_attempt(request, now) for request in requests]


def _attempt(request: Read, now: datetime) -> ReadResult | PairlyError:
    try:
        if request.notification_id is None:
            return _read_all(request.user_id, now, request.origin)
        row = notification_for(request.user_id, request.notification_id)
    except PairlyError as refusal:
        return refusal
    ids = [row.pk] if row.open else []
    return _mark(request.user_id, ids, now, request.origin)


def _read_all(user_id: UUID, now: datetime, origin: Origin | None) -> ReadResult:
    unread = Notification.objects.filter(user_id=user_id, open=True, listed=True)
    return _mark(user_id, list(unread.values_list("pk", flat=True)), now, origin, is_all=True)


def _mark(
    user_id: UUID,
    ids: Sequence[UUID],
    now: datetime,
    origin: Origin | None = None,
    *,
    is_all: bool = False,
) -> ReadResult:
    """Of two at once the person's log lets one pass, and the second looks again."""
    _close(ids, now)
    count = unread_count(user_id)
    ack = to_json(ReadAck(count))
    if not ids:
        return ReadResult(count, ack)
    data = NotificationUnreadData(
        count,
        clock.to_rfc3339(now),
        read_ids=[] if is_all else list(ids),
        read_up_to=max(ids) if is_all else None,
    )
    (position,) = append([Append(user_id, "notification.unread", to_json(data), origin, ack)], now)
    return ReadResult(count, ack, position)


def _close(ids: Sequence[UUID], now: datetime) -> None:
    """By itself this is no news: what is not in the list nobody sees change."""
    if ids:
        Notification.objects.filter(pk__in=ids, open=True).update(open=False, read_at=now)
        shown = Delivery.objects.filter(notification_id__in=ids, channel="in_app")
        shown.filter(state=State.SENT).update(state=State.OPENED)


def read_alike(keys: Sequence[tuple[UUID, str]]) -> int:
    """Mark as read what was told these people under these collapse keys, since they have seen
    the thing itself; how many that were."""

    def read() -> int:
        now, found = clock.now(), 0
        wanted = set(keys)
        alike = [row for row in open_alike(wanted) if (row.user_id, row.collapse_key) in wanted]
        for user_id in {row.user_id for row in alike}:
            mine = [row for row in alike if row.user_id == user_id]
            _close([row.pk for row in mine if not row.listed], now)
            _mark(user_id, [row.pk for row in mine if row.listed], now)
            found += len(mine)
        return found

    return run_atomic(read)


def delete_notification(*, user_id: UUID, notification_id: UUID) -> None:
    """Take it from the list. Raises ``NotFound``, also when it was deleted before."""
    now = clock.now()

    def delete() -> None:
        row = notification_for(user_id, notification_id)
        Notification.objects.filter(pk=row.pk).update(listed=False, open=False)
        count, at = unread_count(user_id), clock.to_rfc3339(now)
        data = NotificationUnreadData(count, at, deleted_ids=[row.pk])
        append([Append(user_id, "notification.unread", to_json(data))], now)

    run_atomic(delete)
