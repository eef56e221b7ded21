"""Wishes to send a message, checked as far as that needs no database."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

import msgspec
from django.conf import settings

from messaging.models import MessageKind, client_key
from pairly.core.errors import ValidationFailed
from pairly.moderation.classifier import Assessment, assess
from pairly.realtime.frames import Origin

__all__ = ["TEXT", "SendMessage", "check_send", "check_text", "request_hash"]

TEXT = MessageKind.TEXT.value
KINDS = frozenset(MessageKind.values)


class SendMessage(msgspec.Struct, frozen=True):
    """A checked wish to send; build it with ``check_send``."""

    sender_id: UUID
    client_key: str
    kind: str
    text: str
    attachment_ids: tuple[UUID, ...]
    conversation_id: UUID | None
    to_user_id: UUID | None
    reply_to_id: UUID | None
    assessment: Assessment
    origin: Origin | None = None


def check_send(
    *,
    sender_id: UUID,
    client_id: str,
    kind: str,
    text: str,
    attachment_ids: Sequence[UUID] = (),
    conversation_id: UUID | None,
    to_user_id: UUID | None,
    reply_to_id: UUID | None,
    origin: Origin | None = None,
) -> SendMessage:
    """Check what needs no database. Raises ``ValidationFailed``."""
    if (conversation_id is None) == (to_user_id is None):
        sentence = "Give either conversation_id or to_user_id."
        raise ValidationFailed.of("conversation_id", "invalid", sentence)
    if to_user_id == sender_id:
        raise ValidationFailed.of("to_user_id", "invalid", "You cannot write to yourself.")
    if kind not in KINDS:
        raise ValidationFailed.of("kind", "invalid_choice", "There is no such kind of message.")
    if not client_id.isprintable():
        raise ValidationFailed.of("client_id", "invalid", "The client_id is not plain text.")
    _check_attachments(kind, attachment_ids)
    text = check_text(text)
    if not text and kind == TEXT:
        raise ValidationFailed.of("text", "blank", "The message is empty.")
    return SendMessage(
        sender_id,
        client_key(sender_id, client_id),
        kind,
        text,
        tuple(attachment_ids),
        conversation_id,
        to_user_id,
        reply_to_id,
        assess(text),
        origin,
    )


def check_text(text: str) -> str:
    """The text as it is stored, perhaps none. Raises ``ValidationFailed``."""
    text = text.strip()
    if "\0" in text:
        raise ValidationFailed.of("text", "invalid", "The text holds what is no text.")
    if len(text) > settings.MESSAGE_TEXT_CHARACTERS_MAX:
        sentence = f"The text has more than {settings.MESSAGE_TEXT_CHARACTERS_MAX} characters."
        raise ValidationFailed.of("text", "max_length", sentence)
    return text


def _check_attachments(kind: str, attachment_ids: Sequence[UUID]) -> None:
    if kind == TEXT:
        if attachment_ids:
            sentence = "A text has no attachments; say what kind of message they are."
            raise ValidationFailed.of("attachment_ids", "invalid", sentence)
    elif not attachment_ids:
        raise ValidationFailed.of("attachment_ids", "required", "Attach what is to be sent.")
    elif len(attachment_ids) > settings.MESSAGE_ATTACHMENTS_MAX:
        sentence = f"A message carries at most {settings.MESSAGE_ATTACHMENTS_MAX} attachments."
        raise ValidationFailed.of("attachment_ids", "max_length", sentence)
    elif len(set(attachment_ids)) != len(attachment_ids):
        raise ValidationFailed.of("attachment_ids", "invalid", "An attachment is named twice.")


def request_hash(request: SendMessage, recipient_id: UUID) -> str:
    """What a client id stands for. Fields are joined with a character that none may contain,
    the text last."""
    reply = request.reply_to_id.hex if request.reply_to_id else ""
    attachments = "".join([one.hex for one in request.attachment_ids])
    content = "\0".join((recipient_id.hex, request.kind, reply, attachments, request.text))
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
