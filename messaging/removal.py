"""What it means for one of the two that a message is no longer there, or is there again."""

from typing import Any
from uuid import UUID

import orjson

from messaging.conversations import ConversationState
from messaging.messages import MessageBatch, MessageState
from messaging.schemas import DeletedFor, MessageDeletedData
from pairly.realtime.services import rewrite_events

__all__ = ["counts_as_unread", "deleted_data", "empty_logs", "vanish"]


def counts_as_unread(message: MessageState, conversation: ConversationState, user_id: UUID) -> bool:
    """Whether a message that this person sees is one of their unread ones."""
    return (
        message.sender_id != user_id
        and message.deleted_at is None
        and message.seq > conversation.side_of(user_id).read_seq
    )


def deleted_data(
    message: MessageState, conversation: ConversationState, user_id: UUID, scope: DeletedFor
) -> MessageDeletedData:
    return MessageDeletedData(
        conversation_id=conversation.id,
        message_id=message.id,
        seq=message.seq,
        scope=scope,
        unread=conversation.side_of(user_id).unread,
    )


def vanish(
    messages: MessageBatch,
    message: MessageState,
    conversation: ConversationState,
    user_id: UUID,
    scope: DeletedFor,
) -> MessageDeletedData:
    """Count and show as if this person, who sees the message, had never been sent it; what their
    devices are to be told. The caller sets the flag that hides it."""
    side = conversation.side_of(user_id)
    if counts_as_unread(message, conversation, user_id):
        side.unread -= 1
    data = deleted_data(message, conversation, user_id, scope)
    if side.last_message_id == message.id:
        before = messages.newest_below(message, conversation.flag_of(user_id))
        side.last_message_id = before.id if before else None
        data.last_message = before.view() if before else None
    return data


def empty_logs(message: MessageState, conversation: ConversationState) -> None:
    """Take its words and files out of both people's event logs: who was away reads nothing, when
    catching up, that is gone. Call before what tells of it is appended."""
    people = (conversation.first_id, conversation.second_id)
    name = str(message.id)
    rewrite_events(people, name, lambda data: _without(data, name), since=message.created_at)


def _without(data: str, message_id: str) -> str:
    return orjson.dumps(_emptied(orjson.loads(data), message_id)).decode()


def _emptied(value: Any, message_id: str) -> Any:
    """The same, with the message empty wherever it stands in it."""
    if isinstance(value, list):
        return [_emptied(one, message_id) for one in value]
    if not isinstance(value, dict):
        return value
    inner = {name: _emptied(one, message_id) for name, one in value.items()}
    if inner.get("id") == message_id and "text" in inner:
        inner |= {"text": "", "attachments": []}
    return inner
