"""Wire shapes of chat: decoded, validated, encoded and documented by the same structures."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec

from messaging.models import CLIENT_ID_CHARACTERS_MAX
from pairly.realtime.frames import register_event
from payments.services import Wallet

__all__ = [
    "ConversationOpenedData",
    "MessageNewData",
    "MessageSendCommand",
    "MessageView",
    "ReceiptCommand",
    "ReceiptData",
    "SendAck",
    "TypingCommand",
    "TypingData",
]

ClientId = Annotated[str, msgspec.Meta(min_length=1, max_length=CLIENT_ID_CHARACTERS_MAX)]
Seq = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class MessageView(msgspec.Struct, omit_defaults=False):
    """A message as both people see it. Times are RFC 3339 with milliseconds."""

    id: UUID
    conversation_id: UUID
    seq: int
    sender_id: UUID
    client_id: str
    kind: str
    text: str
    attachments: list[str]
    reply_to_id: UUID | None
    price: int
    created_at: str


class MessageSendCommand(msgspec.Struct):
    client_id: ClientId
    kind: Literal["text"]
    text: str
    conversation_id: UUID | None = None
    to_user_id: UUID | None = None
    reply_to_id: UUID | None = None


class SendAck(msgspec.Struct):
    message: MessageView
    wallet: Wallet


class MessageNewData(msgspec.Struct):
    """``peer_id`` is the other one of the two, whoever sent it; ``wallet`` is there for the
    sender's own other sockets."""

    message: MessageView
    peer_id: UUID
    wallet: Wallet | msgspec.UnsetType = msgspec.UNSET


class ReceiptCommand(msgspec.Struct):
    conversation_id: UUID
    delivered_seq: Seq | None = None
    read_seq: Seq | None = None


class ReceiptData(msgspec.Struct):
    """Where a person stands. ``unread`` is there for the person's own sockets."""

    conversation_id: UUID
    user_id: UUID
    delivered_seq: int
    read_seq: int
    at: str
    unread: int | msgspec.UnsetType = msgspec.UNSET


class TypingCommand(msgspec.Struct):
    conversation_id: UUID


class TypingData(msgspec.Struct):
    conversation_id: UUID
    user_id: UUID
    active: bool
    expires_at: str | None


register_event(
    "message.new",
    feature="chat",
    data=MessageNewData,
    summary="A message was stored and charged; also sent to the sender's other sockets.",
)


class ConversationOpenedData(msgspec.Struct):
    """An empty conversation; ``peer_id`` is the other one."""

    conversation_id: UUID
    peer_id: UUID
    opened_at: str


register_event(
    "conversation.opened",
    feature="chat",
    data=ConversationOpenedData,
    summary="A conversation was opened without a message; a first message tells by itself.",
)
register_event(
    "receipt.updated",
    feature="chat",
    data=ReceiptData,
    summary="Somebody's delivered or read watermark grew.",
)
register_event(
    "typing",
    feature="chat",
    data=TypingData,
    durable=False,
    summary="The other is typing until expires_at, or stopped; a message also ends it.",
)
