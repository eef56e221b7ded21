"""Wire shapes of chat: decoded, validated, encoded and documented by the same structures."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec

from messaging.attachments.schemas import AttachmentView
from messaging.models import CLIENT_ID_CHARACTERS_MAX
from pairly.realtime.frames import register_event
from payments.services import Wallet

__all__ = [
    "ConversationOpenedData",
    "ConversationUpdatedData",
    "DeletedFor",
    "MessageDeleteCommand",
    "MessageDeletedData",
    "MessageEditCommand",
    "MessageNewData",
    "MessageRestoredData",
    "MessageSendCommand",
    "MessageUpdatedData",
    "MessageView",
    "ReceiptCommand",
    "ReceiptData",
    "SendAck",
    "TypingCommand",
    "TypingData",
]

ClientId = Annotated[str, msgspec.Meta(min_length=1, max_length=CLIENT_ID_CHARACTERS_MAX)]
Seq = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
DeletedFor = Literal["me", "both", "staff"]


class MessageView(msgspec.Struct, omit_defaults=False):
    """A message as both people see it. Times are RFC 3339 with milliseconds. One with
    ``deleted_at`` was deleted for both and has neither text nor attachments any more."""

    id: UUID
    conversation_id: UUID
    seq: int
    sender_id: UUID
    client_id: str
    kind: str
    text: str
    attachments: list[AttachmentView]
    reply_to_id: UUID | None
    price: int
    created_at: str
    edited_at: str | None
    deleted_at: str | None


class MessageSendCommand(msgspec.Struct):
    client_id: ClientId
    kind: Literal["text", "image", "audio", "video", "file"]
    text: str = ""
    conversation_id: UUID | None = None
    to_user_id: UUID | None = None
    attachment_ids: list[UUID] = []
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


class MessageEditCommand(msgspec.Struct):
    message_id: UUID
    text: str


class MessageUpdatedData(msgspec.Struct):
    message: MessageView


class MessageDeleteCommand(msgspec.Struct):
    message_id: UUID
    scope: Literal["me", "both"] = msgspec.field(name="for")


class MessageDeletedData(msgspec.Struct):
    """Deleted for ``both``, it stays as the tombstone ``message``; for ``me`` or by ``staff`` it
    is gone from this person's view. ``unread`` is the conversation's from now on.
    ``last_message`` is there when another message is the last one now, or none."""

    conversation_id: UUID
    message_id: UUID
    seq: int
    scope: DeletedFor = msgspec.field(name="for")
    unread: int
    message: MessageView | msgspec.UnsetType = msgspec.UNSET
    last_message: MessageView | None | msgspec.UnsetType = msgspec.UNSET


class MessageRestoredData(msgspec.Struct):
    """``last_message`` is there when the restored message is the last one now."""

    message: MessageView
    unread: int
    last_message: MessageView | msgspec.UnsetType = msgspec.UNSET


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
    summary="A message was stored and charged; also sent to the sender's other sockets. It "
    "brings the conversation back from the archive.",
)
register_event(
    "message.updated",
    feature="chat",
    data=MessageUpdatedData,
    summary="The text of a message was edited.",
)
register_event(
    "message.deleted",
    feature="chat",
    data=MessageDeletedData,
    summary="A message was deleted for both, or is gone from this person's view.",
)
register_event(
    "message.restored",
    feature="chat",
    data=MessageRestoredData,
    summary="A message that staff had taken away is back, in its old place.",
)


class ConversationOpenedData(msgspec.Struct):
    """An empty conversation; ``peer_id`` is the other one."""

    conversation_id: UUID
    peer_id: UUID
    opened_at: str


class ConversationUpdatedData(msgspec.Struct):
    """How this person keeps the conversation, told to their own sockets alone."""

    conversation_id: UUID
    muted: bool
    archived: bool


register_event(
    "conversation.updated",
    feature="chat",
    data=ConversationUpdatedData,
    summary="A conversation was muted or archived on another device, or is no longer.",
)
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
