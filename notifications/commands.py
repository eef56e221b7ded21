"""Notification commands of the socket: frame in, one call, frame out."""

from notifications.schemas import ReadAck, ReadCommand
from notifications.services.reading import Read, read_notifications
from pairly.realtime.connections import Connection
from pairly.realtime.frames import Empty, Origin, register_batched_command

__all__: list[str] = []


@register_batched_command(
    "notification.read",
    feature="notifications",
    data=ReadCommand,
    ack=ReadAck,
    operation=read_notifications,
)
def notification_read(connection: Connection, data: ReadCommand, origin: Origin) -> Read:
    """Marks a notification as read; acks how many are unread now. Again it is acked and no
    news."""
    return Read(connection.user_id, data.id, origin)


@register_batched_command(
    "notification.read_all",
    feature="notifications",
    data=Empty,
    ack=ReadAck,
    operation=read_notifications,
)
def notification_read_all(connection: Connection, _data: Empty, origin: Origin) -> Read:
    """Marks all notifications as read."""
    return Read(connection.user_id, None, origin)
