"""Staff read private content: each look is noted, with its reason, before anything is shown."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson

from messaging.attachments.models import Attachment
from messaging.attachments.selectors import stored_file
from messaging.models import Conversation, Message
from messaging.staff_search import Found, all_messages, find_messages
from messaging.staff_selectors import conversation_by_id
from messaging.subject import notes_of
from pairly.audit.services import look
from pairly.core.downloads import StoredFile
from pairly.core.errors import NotFound, ValidationFailed

__all__ = ["export_lines", "open_attachment", "open_conversation", "search"]


def search(*, actor_id: UUID, reason: str, request_id: str, **wanted: Any) -> Found:
    """``find_messages``, noted. Raises ``ValidationFailed`` without a reason too."""
    names = ("message_id", "conversation_id", "user_id")
    begun = next((name for name in names if wanted.get(name) is not None), None)
    target_id = wanted[begun] if begun else ""
    target_type = (begun or "user_id").removesuffix("_id")
    _look(actor_id, "messages.searched", target_type, target_id, reason, request_id)
    return find_messages(**wanted)


def open_conversation(
    *, conversation_id: UUID, actor_id: UUID, reason: str, request_id: str
) -> Conversation:
    """The conversation, whose messages may then be shown. Raises ``NotFound``,
    ``ValidationFailed``."""
    conversation = conversation_by_id(conversation_id)
    _look(actor_id, "conversation.viewed", "conversation", conversation_id, reason, request_id)
    return conversation


def export_lines(
    *, conversation_id: UUID, actor_id: UUID, reason: str, request_id: str
) -> Iterator[bytes]:
    """A conversation as lines of JSON, the first of which names the two. Raises ``NotFound``,
    ``ValidationFailed``."""
    conversation = conversation_by_id(conversation_id)
    _look(actor_id, "conversation.exported", "conversation", conversation_id, reason, request_id)
    return _lines(conversation)


def _lines(conversation: Conversation) -> Iterator[bytes]:
    head = {
        "conversation_id": conversation.pk,
        "people": [conversation.first_id, conversation.second_id],
    }
    yield orjson.dumps(head) + b"\n"
    for message in all_messages(conversation.pk):
        yield orjson.dumps(_told(message)) + b"\n"


def _told(message: Message) -> dict[str, Any]:
    names = ("id", "seq", "sender_id", "kind", "text", "created_at", "edited_at", "deleted_at")
    return {
        **{name: getattr(message, name) for name in names},
        "attachments": orjson.loads(message.attachments),
        "notes": notes_of(message),
    }


def open_attachment(
    *, attachment_id: UUID, actor_id: UUID, request_id: str, noted: bool
) -> StoredFile:
    """A file that was sent, whatever became of its message, as long as it is there. The page that
    names it has asked for the reason. Raises ``NotFound``."""
    attachment = Attachment.objects.filter(pk=attachment_id).first()
    if attachment is None or attachment.message_id is None:
        raise NotFound
    if noted:
        look(
            actor_id=actor_id,
            action="attachment.viewed",
            target_type="attachment",
            target_id=attachment_id,
            request_id=request_id,
        )
    return stored_file(attachment)


def _look(
    actor_id: UUID, action: str, target_type: str, target_id: Any, reason: str, request_id: str
) -> None:
    if not reason.strip():
        raise ValidationFailed.of("reason", "required", "Say why you read private messages.")
    if target_id:
        look(
            actor_id=actor_id,
            action=action,
            target_type=target_type,
            target_id=target_id,
            reason=reason,
            request_id=request_id,
        )
