"""Taking a message out of the world: its words, its files, and every copy that we keep of them."""

from typing import Any
from uuid import UUID

import orjson

from messaging.models import Attachment, Message
from messaging.services.moderation import erase_message
from messaging.staff_selectors import conversation_by_id, message_by_id
from pairly.audit.services import record
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.errors import ValidationFailed
from pairly.moderation.services import forget_content
from pairly.realtime.services import rewrite_events

__all__ = ["erase_for_ever"]


def erase_for_ever(*, message_id: UUID, actor_id: UUID, reason: str, request_id: str = "") -> None:
    """Empty the message, remove its files, and empty what cases and both people's event logs keep
    of it. Its row and number stay, and the ledger knows no words. Once more does nothing more.

    Raises ``NotFound``, ``ValidationFailed`` without a reason.
    """
    if not reason.strip():
        raise ValidationFailed.of("reason", "required", "Say why.")

    def erase() -> None:
        message = message_by_id(message_id)
        conversation = conversation_by_id(message.conversation_id)
        erase_message(message_id=message_id, now=clock.now())
        # The hash of the words would tell who guesses them.
        Message.objects.filter(pk=message_id).update(request_hash="")
        # No case holds the files either.
        Attachment.objects.filter(message_id=message_id).update(message_id=None)
        forget_content(target_type="message", target_id=message_id)
        people = (conversation.first_id, conversation.second_id)
        rewrite_events(people, str(message_id), lambda data: _without(data, str(message_id)))
        record(
            actor_id=actor_id,
            action="message.erased",
            target_type="message",
            target_id=message_id,
            reason=reason,
            before={"conversation_id": str(conversation.pk), "seq": message.seq},
            request_id=request_id,
        )

    run_atomic(erase)


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
