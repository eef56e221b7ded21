"""What notifications put aside for themselves, inside of others' transactions."""

from dataclasses import dataclass
from uuid import UUID

__all__ = ["MessageWaiting", "MessagesSeen"]


@dataclass(frozen=True, slots=True)
class MessageWaiting:
    """A message came for somebody who does not look at Pairly."""

    message_id: UUID
    conversation_id: UUID
    sender_id: UUID
    recipient_id: UUID


@dataclass(frozen=True, slots=True)
class MessagesSeen:
    """Somebody who was told of messages has read the conversation itself."""

    conversation_id: UUID
    user_id: UUID
