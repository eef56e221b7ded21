"""Taking a message out of the world: its words, its files, and every copy that we keep of them."""

from uuid import UUID

from messaging.models import Attachment, Message
from messaging.services.moderation import erase_message
from messaging.staff_selectors import message_by_id
from pairly.audit.services import record
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.errors import ValidationFailed
from pairly.moderation.services import forget_content

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
        erase_message(message_id=message_id, now=clock.now())
        # The hash of the words would tell who guesses them.
        Message.objects.filter(pk=message_id).update(request_hash="")
        # No case holds the files either.
        Attachment.objects.filter(message_id=message_id).update(message_id=None)
        forget_content(target_type="message", target_id=message_id)
        record(
            actor_id=actor_id,
            action="message.erased",
            target_type="message",
            target_id=message_id,
            reason=reason,
            before={"conversation_id": str(message.conversation_id), "seq": message.seq},
            request_id=request_id,
        )

    run_atomic(erase)
