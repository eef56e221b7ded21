"""Chat commands of the socket: frame in, one call, frame out."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings

from messaging.schemas import (
    MessageDeleteCommand,
    MessageDeletedData,
    MessageEditCommand,
    MessageSendCommand,
    MessageUpdatedData,
    ReceiptCommand,
    ReceiptData,
    SendAck,
    TypingCommand,
)
from messaging.services.deletions import DeleteMessage, delete_messages
from messaging.services.edits import check_edit, edit_messages
from messaging.services.messages import send_messages
from messaging.services.receipts import UpdateReceipt, check_receipt, update_receipts
from messaging.services.send_requests import check_send
from messaging.services.typing import is_known, look_up_partner, send_typing
from pairly.core.limits import TokenBucket
from pairly.moderation.classifier import may_wait
from pairly.realtime.connections import Connection
from pairly.realtime.frames import Empty, Origin, register_batched_command, register_command
from pairly.realtime.readers import run_in_reader

__all__: list[str] = []


def _message_rate() -> tuple[int, float]:
    return settings.MESSAGES_MAX, settings.MESSAGES_WINDOW_SECONDS


def _checked(check: Callable[[], Any]) -> Any:
    """What a check makes of a command; to be awaited when the check may ask somebody else about
    the text, which must not hold up the event loop."""
    return run_in_reader(check) if may_wait() else check()


@register_batched_command(
    "message.send",
    feature="chat",
    data=MessageSendCommand,
    ack=SendAck,
    operation=send_messages,
    rate=_message_rate,
)
def message_send(connection: Connection, data: MessageSendCommand, origin: Origin) -> Any:
    """Sends a message to a conversation or, for a first one, to a person. Acked means stored and
    charged. A repeat with the same `client_id` acks the first message and charges nothing. Every
    kind but `text` carries attachments that were uploaded before; the text is then a caption."""
    return _checked(
        lambda: check_send(
            sender_id=connection.user_id,
            client_id=data.client_id,
            kind=data.kind,
            text=data.text,
            attachment_ids=data.attachment_ids,
            conversation_id=data.conversation_id,
            to_user_id=data.to_user_id,
            reply_to_id=data.reply_to_id,
            origin=origin,
        )
    )


@register_batched_command(
    "message.edit",
    feature="chat",
    data=MessageEditCommand,
    ack=MessageUpdatedData,
    operation=edit_messages,
    rate=_message_rate,
)
def message_edit(connection: Connection, data: MessageEditCommand, origin: Origin) -> Any:
    """Gives one's own message another text, for some minutes after it was sent. Both people's
    devices are told. Editing to the text that it has is acked and changes nothing."""
    return _checked(
        lambda: check_edit(
            user_id=connection.user_id,
            message_id=data.message_id,
            text=data.text,
            origin=origin,
        )
    )


@register_batched_command(
    "message.delete",
    feature="chat",
    data=MessageDeleteCommand,
    ack=MessageDeletedData,
    operation=delete_messages,
    rate=_message_rate,
)
def message_delete(
    connection: Connection, data: MessageDeleteCommand, origin: Origin
) -> DeleteMessage:
    """Deletes a message `for` `me`: it is gone from this person's view alone; or for `both`, one's
    own and for some time: a tombstone without content stays. Again is acked and no news."""
    return DeleteMessage(connection.user_id, data.message_id, data.scope, origin)


@register_batched_command(
    "receipt.update",
    feature="chat",
    data=ReceiptCommand,
    ack=ReceiptData,
    operation=update_receipts,
    is_activity=False,
)
def receipt_update(connection: Connection, data: ReceiptCommand, origin: Origin) -> UpdateReceipt:
    """Moves this person's delivered and read watermarks forward; read implies delivered."""
    return check_receipt(
        user_id=connection.user_id,
        conversation_id=data.conversation_id,
        delivered_seq=data.delivered_seq,
        read_seq=data.read_seq,
        origin=origin,
    )


@register_command("typing.start", feature="chat", data=TypingCommand)
async def typing_start(connection: Connection, data: TypingCommand) -> Empty:
    """Shows the partner that this person types, for some seconds. Sent again too soon, it is
    acked and goes no further."""
    await _look_up(connection, data)
    if _may_type(connection, "typing.start", at_once=1):
        _tell(connection, data, active=True)
    return Empty()


@register_command("typing.stop", feature="chat", data=TypingCommand)
async def typing_stop(connection: Connection, data: TypingCommand) -> Empty:
    """Shows the partner that this person stopped typing; too many are acked and go no further."""
    await _look_up(connection, data)
    if _may_type(connection, "typing.stop", at_once=2):
        _tell(connection, data, active=False)
    return Empty()


def _may_type(connection: Connection, name: str, *, at_once: int) -> bool:
    """As often as the interval allows. A stop may follow each start that was told, and the pause
    between two of them is not that between their starts: so two at once."""
    limits = connection.limits
    if limits is None:
        return True
    bucket = limits.get(name)
    if bucket is None:
        window_seconds = at_once * settings.TYPING_INTERVAL_SECONDS
        bucket = limits[name] = TokenBucket(at_once, window_seconds)
    return not bucket.take(time.monotonic())


async def _look_up(connection: Connection, data: TypingCommand) -> None:
    """Asked before the rate is: whoever may not write there hears so at any pace."""
    user_id, conversation_id = connection.user_id, data.conversation_id
    if not is_known(user_id, conversation_id):
        await run_in_reader(look_up_partner, user_id, conversation_id)


def _tell(connection: Connection, data: TypingCommand, *, active: bool) -> None:
    send_typing(user_id=connection.user_id, conversation_id=data.conversation_id, active=active)
