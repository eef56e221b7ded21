"""What messaging adds to a person's own data."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Q

from messaging.models import Conversation, Message
from pairly.core import clock

__all__ = ["messages_of"]


def messages_of(user_id: UUID) -> list[dict[str, Any]]:
    """Everything the person wrote, oldest first within each conversation."""
    return list(_sent_messages(user_id))


def _sent_messages(user_id: UUID) -> Iterator[dict[str, Any]]:
    conversations = Conversation.objects.filter(Q(first_id=user_id) | Q(second_id=user_id))
    for conversation_id in conversations.order_by("id").values_list("id", flat=True):
        messages = Message.objects.filter(conversation_id=conversation_id, sender_id=user_id)
        for message in messages.order_by("seq"):
            yield {
                "conversation_id": str(conversation_id),
                "seq": message.seq,
                "sent_at": clock.to_rfc3339(message.created_at),
                "kind": message.kind,
                "text": message.text,
                "attachments": [one["id"] for one in orjson.loads(message.attachments)],
                "edited_at": clock.to_rfc3339(message.edited_at) if message.edited_at else None,
                "deleted_at": clock.to_rfc3339(message.deleted_at) if message.deleted_at else None,
            }
