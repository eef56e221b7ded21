"""Conversations of two people and their messages.

A conversation has one row. It holds the sequence counter, both people's receipts and the block
flag, so every write that concerns it meets every other in that row, and one compare-and-set on
``version`` decides. The two people are ``first`` and ``second`` by the order of their ids.
"""

from uuid import UUID

from django.conf import settings
from django.db import models

from pairly.core.ids import new_id

__all__ = ["Conversation", "Message", "MessageKind", "client_key", "pair_key"]

CLIENT_ID_CHARACTERS_MAX = 64


def pair_key(user_id: UUID, other_id: UUID) -> str:
    """The same for both orders of the two people."""
    low, high = sorted((user_id.hex, other_id.hex))
    return low + high


def client_key(sender_id: UUID, client_id: str) -> str:
    """A sender's name for one send, unique for ever."""
    return sender_id.hex + client_id


class Conversation(models.Model):
    """Two people, the newest sequence number, and where each of them stands."""

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
    opened_at = models.DateTimeField(null=True, help_text="null until somebody opens it")
    updated_at = models.DateTimeField(help_text="of the newest message, or of the opening")
    last_seq = models.BigIntegerField(default=0)
    last_message_id = models.UUIDField(null=True)
    first_delivered_seq = models.BigIntegerField(default=0)
    first_read_seq = models.BigIntegerField(default=0)
    first_shown_read_seq = models.BigIntegerField(default=0, help_text="what the other may see")
    first_unread = models.BigIntegerField(default=0)
    second_delivered_seq = models.BigIntegerField(default=0)
    second_read_seq = models.BigIntegerField(default=0)
    second_shown_read_seq = models.BigIntegerField(default=0, help_text="what the other may see")
    second_unread = models.BigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["first", "-updated_at", "-id"], name="conversation_first_recent"),
            models.Index(
                fields=["second", "-updated_at", "-id"], name="conversation_second_recent"
            ),
        ]

    def __str__(self) -> str:
        return f"conversation {self.id}"


class MessageKind(models.TextChoices):
    TEXT = "text"


class Message(models.Model):
    """One message. ``seq`` counts from 1 within the conversation, without gaps."""

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
    kind = models.CharField(max_length=8, choices=MessageKind.choices)
    text = models.TextField()
    reply_to_id = models.UUIDField(null=True)
    price = models.PositiveIntegerField(help_text="credits charged")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="message_place"),
        ]

    def __str__(self) -> str:
        return f"message {self.seq} of conversation {self.conversation_id}"

    @property
    def client_id(self) -> str:
        return self.client_key[32:]
