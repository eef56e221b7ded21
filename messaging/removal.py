"""What it means for one of the two that a message is no longer there, or is there again."""

from uuid import UUID

from messaging.conversations import ConversationState
from messaging.messages import MessageBatch, MessageState
from messaging.schemas import DeletedFor, MessageDeletedData

__all__ = ["counts_as_unread", "deleted_data", "vanish"]


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
