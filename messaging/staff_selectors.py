"""Reads of messaging for staff: whatever is there, whoever may see it. Who looks is audited."""

from datetime import datetime
from uuid import UUID

from messaging.models import Conversation, Folder, Message, pair_key
from messaging.selectors import Listed, conversations_for
from pairly.core.errors import NotFound

__all__ = [
    "conversation_between",
    "conversation_by_id",
    "conversations_of",
    "message_by_id",
    "messages_of_conversation",
]


def message_by_id(message_id: UUID) -> Message:
    """Raises ``NotFound``."""
    message = Message.objects.filter(pk=message_id).first()
    if message is None:
        raise NotFound("There is no such message.")
    return message


def conversation_by_id(conversation_id: UUID) -> Conversation:
    """Raises ``NotFound``."""
    conversation = Conversation.objects.filter(pk=conversation_id).first()
    if conversation is None:
        raise NotFound("There is no such conversation.")
    return conversation


def conversation_between(one_id: UUID, other_id: UUID) -> Conversation | None:
    return Conversation.objects.filter(pair_key=pair_key(one_id, other_id)).first()


def conversations_of(
    user_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int
) -> list[Listed]:
    """All of a person's conversations, in whatever folder, as ``selectors.conversations_for``."""
    return conversations_for(user_id, folders=list(Folder), before=before, limit=limit)


def messages_of_conversation(
    conversation_id: UUID, *, before_seq: int | None, after_seq: int | None, limit: int
) -> list[Message]:
    """Everything, tombstones and what is hidden included; pages as ``selectors.messages_for``."""
    messages = Message.objects.filter(conversation_id=conversation_id)
    if after_seq is not None:
        return list(messages.filter(seq__gt=after_seq).order_by("seq")[:limit])
    if before_seq is not None:
        messages = messages.filter(seq__lt=before_seq)
    return list(messages.order_by("-seq")[:limit])
