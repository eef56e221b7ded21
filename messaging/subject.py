"""Messages as subjects of moderation's cases: shown among those around them, hidden, put back and
given back by the services that every device hears of."""

from typing import ClassVar
from uuid import UUID

import msgspec

from messaging.attachments.schemas import AttachmentView
from messaging.models import Attachment, Hidden, Message
from messaging.services.moderation import hide_message, refund_message, restore_message
from messaging.staff_selectors import message_by_id, messages_of_conversation
from pairly.core.errors import NotFound
from pairly.moderation.subjects import Decision, Line, Picture, Shown, Subject

__all__ = ["MessageSubject", "line_of", "notes_of"]

AROUND = 10
ATTACHMENT_PAGE = "messaging_attachment_content"

_attachments = msgspec.json.Decoder(list[AttachmentView]).decode


class MessageSubject(Subject):
    can: ClassVar[frozenset[str]] = frozenset({"hide", "restore", "refund"})

    def author_of(self, target_id: UUID, reporter_id: UUID) -> UUID | None:
        return Message.objects.filter(pk=target_id).values_list("sender_id", flat=True).first()

    def text_of(self, target_id: UUID) -> str:
        return message_by_id(target_id).text

    def show(self, target_id: UUID) -> Shown:
        """The message with up to ten before and after it."""
        try:
            message = message_by_id(target_id)
        except NotFound:
            return Shown()
        conversation_id = message.conversation_id
        before = messages_of_conversation(
            conversation_id, before_seq=message.seq + 1, after_seq=None, limit=AROUND + 1
        )
        after = messages_of_conversation(
            conversation_id, before_seq=None, after_seq=message.seq, limit=AROUND
        )
        return Shown(
            facts=[
                ("Conversation", str(conversation_id)),
                ("Message", f"number {message.seq}, {message.kind}"),
                ("Price", f"{message.price} credit{'' if message.price == 1 else 's'}"),
            ],
            lines=[line_of(one, is_target=one.pk == target_id) for one in [*before[::-1], *after]],
            pictures=_given_up(target_id),
            is_hidden=bool(message.hidden & Hidden.STAFF),
        )

    def hide(self, *, target_id: UUID, decision: Decision) -> None:
        hide_message(message_id=target_id, now=decision.now)

    def restore(self, *, target_id: UUID, decision: Decision) -> None:
        restore_message(message_id=target_id, now=decision.now)

    def refund(self, *, target_id: UUID, decision: Decision) -> int:
        return refund_message(message_id=target_id, now=decision.now)


def _given_up(message_id: UUID) -> list[Picture]:
    """The files of a message that was deleted while somebody looks at it."""
    rows = Attachment.objects.filter(message_id=message_id, state=Attachment.State.REMOVED)
    return [
        Picture(id=row.pk, kind=row.kind, title=row.name or row.content_type, page=ATTACHMENT_PAGE)
        for row in rows
    ]


def line_of(message: Message, *, is_target: bool = False) -> Line:
    """A message as staff see it, whatever became of it."""
    return Line(
        at=message.created_at,
        user_id=message.sender_id,
        text=message.text,
        note=", ".join(notes_of(message)),
        is_target=is_target,
        pictures=[
            Picture(
                id=one.id, kind=one.kind, title=one.name or one.content_type, page=ATTACHMENT_PAGE
            )
            for one in _attachments(message.attachments)
        ],
    )


def notes_of(message: Message) -> list[str]:
    """What became of it, in words."""
    own = Hidden.FIRST | Hidden.SECOND
    notes = {
        "deleted for both": message.deleted_at is not None,
        "hidden by staff": bool(message.hidden & Hidden.STAFF),
        "withheld": bool(message.hidden & Hidden.WITHHELD),
        "deleted by one": bool(message.hidden & own) and not message.hidden & Hidden.WITHHELD,
        "edited": message.edited_at is not None and message.deleted_at is None,
    }
    return [note for note, holds in notes.items() if holds]
