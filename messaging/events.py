"""What messaging announces."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

__all__ = ["ConversationRead", "MessageSent"]


@dataclass(frozen=True, slots=True)
class MessageSent:
    """A message was stored and charged."""

    message_id: UUID
    conversation_id: UUID
    sender_id: UUID
    recipient_id: UUID
    kind: str
    price: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ConversationRead:
    """A person has read all that there is for them in a conversation."""

    conversation_id: UUID
    user_id: UUID
