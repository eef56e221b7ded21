"""Chat commands of the socket: frame in, one call, frame out."""

import time
from uuid import UUID

from django.conf import settings

from messaging.schemas import (
    MessageSendCommand,
    ReceiptCommand,
    ReceiptData,
    SendAck,
    TypingCommand,
)
from messaging.services.messages import SendMessage, check_send, send_messages
from messaging.services.receipts import UpdateReceipt, check_receipt, update_receipts
from messaging.services.typing import known_partner, look_up_partner, send_typing
from pairly.core.limits import TokenBucket
from pairly.realtime.connections import Connection
from pairly.realtime.frames import Empty, Origin, register_batched_command, register_command
from pairly.realtime.readers import run_in_reader

__all__: list[str] = []


def _message_rate() -> tuple[int, float]:
    return settings.MESSAGES_MAX, settings.MESSAGES_WINDOW_SECONDS


@register_batched_command(
    "message.send",
    feature="chat",
    data=MessageSendCommand,
    ack=SendAck,
    operation=send_messages,
    rate=_message_rate,
)
def message_send(connection: Connection, data: MessageSendCommand, origin: Origin) -> SendMessage:
    """Sends a message to a conversation or, for a first one, to a person. Acked means stored and
    charged. A repeat with the same `client_id` acks the first message and charges nothing."""
    return check_send(
        sender_id=connection.user_id,
        client_id=data.client_id,
        kind=data.kind,
        text=data.text,
        conversation_id=data.conversation_id,
        to_user_id=data.to_user_id,
        reply_to_id=data.reply_to_id,
        origin=origin,
    )


@register_batched_command(
    "receipt.update",
    feature="chat",
    data=ReceiptCommand,
    ack=ReceiptData,
    operation=update_receipts,
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
    partner_id = await _partner(connection, data)
    if _may_type(connection, "typing.start", at_once=1):
        _tell(connection, data, partner_id, active=True)
    return Empty()


@register_command("typing.stop", feature="chat", data=TypingCommand)
async def typing_stop(connection: Connection, data: TypingCommand) -> Empty:
    """Shows the partner that this person stopped typing; too many are acked and go no further."""
    partner_id = await _partner(connection, data)
    if _may_type(connection, "typing.stop", at_once=2):
        _tell(connection, data, partner_id, active=False)
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


async def _partner(connection: Connection, data: TypingCommand) -> UUID:
    """Asked before the rate is: whoever may not write there hears so at any pace."""
    user_id, conversation_id = connection.user_id, data.conversation_id
    partner_id = known_partner(user_id, conversation_id)
    if partner_id is None:
        partner_id = await run_in_reader(look_up_partner, user_id, conversation_id)
    return partner_id


def _tell(connection: Connection, data: TypingCommand, partner_id: UUID, *, active: bool) -> None:
    send_typing(
        user_id=connection.user_id,
        partner_id=partner_id,
        conversation_id=data.conversation_id,
        active=active,
    )
