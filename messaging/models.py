"""Conversations of two people and their messages.

A conversation has one row. It holds the sequence counter, where each of the two stands, and the
block flag, so every write that concerns it (a message, its edit or deletion, a receipt, a block)
meets every other in that row, and one compare-and-set on ``version`` decides. The two people are
``first`` and ``second`` by the order of their ids.
"""

from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models

from messaging.attachments.models import Attachment
from pairly.core.ids import new_id

__all__ = [
    "Attachment",
    "Conversation",
    "Folder",
    "Hidden",
    "Message",
    "MessageKind",
    "NewContacts",
    "client_key",
    "pair_key",
]

CLIENT_ID_CHARACTERS_MAX = 64
SHOWN = "as far as the other was told"


def pair_key(user_id: UUID, other_id: UUID) -> str:
    """The same for both orders of the two people."""
    low, high = sorted((user_id.hex, other_id.hex))
    return low + high


def client_key(sender_id: UUID, client_id: str) -> str:
    """A sender's name for one send, unique for ever."""
    return sender_id.hex + client_id


class Folder(models.IntegerChoices):
    """Which list of a person a conversation is in. ``NONE``: nobody opened it for them yet."""

    NONE = 0
    INBOX = 1
    ARCHIVED = 2


class Conversation(models.Model):
    """Two people, the newest sequence number, and where each of them stands.

    A side's ``last_seq``, ``last_message_id`` and ``updated_at`` are of what that person may
    see: a deletion for oneself and a message that is withheld change them for one of the two.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    pair_key = models.CharField(max_length=64, unique=True)
    first = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    second = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    version = models.BigIntegerField(default=0, help_text="grows with every change of the row")
    blocked = models.BooleanField(default=False, help_text="either has blocked the other")
    last_seq = models.BigIntegerField(default=0)

    first_folder = models.SmallIntegerField(choices=Folder, default=Folder.NONE)
    first_updated_at = models.DateTimeField(help_text="of the newest message, or of the opening")
    first_muted = models.BooleanField(default=False)
    first_last_seq = models.BigIntegerField(default=0)
    first_last_message_id = models.UUIDField(null=True)
    first_sent = models.BigIntegerField(default=0, help_text="messages that reached the other")
    first_delivered_seq = models.BigIntegerField(default=0)
    first_read_seq = models.BigIntegerField(default=0)
    first_shown_delivered_seq = models.BigIntegerField(default=0, help_text=SHOWN)
    first_shown_read_seq = models.BigIntegerField(default=0, help_text=SHOWN)
    first_unread = models.BigIntegerField(default=0)

    second_folder = models.SmallIntegerField(choices=Folder, default=Folder.NONE)
    second_updated_at = models.DateTimeField(help_text="of the newest message, or of the opening")
    second_muted = models.BooleanField(default=False)
    second_last_seq = models.BigIntegerField(default=0)
    second_last_message_id = models.UUIDField(null=True)
    second_sent = models.BigIntegerField(default=0, help_text="messages that reached the other")
    second_delivered_seq = models.BigIntegerField(default=0)
    second_read_seq = models.BigIntegerField(default=0)
    second_shown_delivered_seq = models.BigIntegerField(default=0, help_text=SHOWN)
    second_shown_read_seq = models.BigIntegerField(default=0, help_text=SHOWN)
    second_unread = models.BigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(
                fields=["first", "first_folder", "-first_updated_at", "-id"],
                name="conversation_first_folder",
            ),
            models.Index(
                fields=["second", "second_folder", "-second_updated_at", "-id"],
                name="conversation_second_folder",
            ),
        ]

    def __str__(self) -> str:
        return f"conversation {self.id}"

    def has(self, user_id: UUID) -> bool:
        return user_id in (self.first_id, self.second_id)

    def peer_of(self, user_id: UUID) -> UUID:
        return self.second_id if user_id == self.first_id else self.first_id

    def of(self, user_id: UUID, name: str) -> Any:
        """A column of this person's side: ``of(user_id, "unread")``."""
        return getattr(self, f"{'first' if user_id == self.first_id else 'second'}_{name}")


class MessageKind(models.TextChoices):
    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    FILE = "file"


class Hidden:
    """From whom a message is hidden, as flags of ``Message.hidden``.

    ``FIRST`` and ``SECOND``: that person deleted it for themselves or was never shown it.
    ``STAFF``: moderation took it from both. ``WITHHELD`` tells why beside the recipient's flag:
    the sender was shadow restricted.
    """

    FIRST, SECOND, STAFF, WITHHELD = 1, 2, 4, 8
    EVERY = range(16)

    @classmethod
    @cache
    def visible_to(cls, side: int) -> tuple[int, ...]:
        """The values with which a message is there for one side, ``FIRST`` or ``SECOND``."""
        return tuple(value for value in cls.EVERY if not value & (side | cls.STAFF))


class Message(models.Model):
    """One message. ``seq`` counts from 1 within the conversation, without gaps.

    One that was deleted for both stays as a tombstone without text and attachments. Only ``text``,
    ``attachments``, ``edited_at``, ``deleted_at`` and ``hidden`` ever change, together with the
    conversation's ``version``, which guards them.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    conversation = models.ForeignKey(
        Conversation, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    seq = models.BigIntegerField()
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    client_key = models.CharField(max_length=32 + CLIENT_ID_CHARACTERS_MAX, unique=True)
    request_hash = models.CharField(max_length=32, help_text="of the request as first sent")
    kind = models.CharField(max_length=8, choices=MessageKind)
    text = models.TextField(help_text="a caption where there are attachments")
    attachments = models.TextField(default="[]", help_text="JSON, as on the wire")
    reply_to_id = models.UUIDField(null=True)
    price = models.PositiveIntegerField(help_text="credits charged")
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True, help_text="for both")
    hidden = models.SmallIntegerField(default=0, help_text="flags of Hidden")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="message_place"),
        ]

    def __str__(self) -> str:
        return f"message {self.seq} of conversation {self.conversation_id}"

    @property
    def client_id(self) -> str:
        return self.client_key[32:]


class NewContacts(models.Model):
    """How many conversations a person has begun on a day; one row a person, written by each."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        primary_key=True,
        db_column="_id",
        on_delete=models.CASCADE,
        related_name="+",
    )
    day = models.CharField(max_length=10, help_text="in UTC, as 2026-01-31")
    count = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.count} conversations of {self.pk} on {self.day}"
