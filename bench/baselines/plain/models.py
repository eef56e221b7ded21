"""The tables of the plain way."""

import uuid

from django.db import models

__all__ = ["Account", "Conversation", "Entry", "Message", "Receipt"]


class Account(models.Model):
    """A user's wallet, or the house."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    balance = models.BigIntegerField(default=0)


class Conversation(models.Model):
    """Two users."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    first = models.ForeignKey(Account, models.CASCADE, related_name="+")
    second = models.ForeignKey(Account, models.CASCADE, related_name="+")
    last_seq = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["first", "second"], name="one_per_pair")]


class Message(models.Model):
    """What one wrote to the other."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    seq = models.BigIntegerField()
    sender = models.ForeignKey(Account, models.CASCADE, related_name="+")
    client_id = models.CharField(max_length=64)
    text = models.TextField()
    price = models.IntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="one_per_seq"),
            models.UniqueConstraint(fields=["sender", "client_id"], name="one_per_client_id"),
        ]


class Entry(models.Model):
    """One side of a charge; the two of a message add up to zero."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    message = models.ForeignKey(Message, models.CASCADE, related_name="+")
    amount = models.BigIntegerField()


class Receipt(models.Model):
    """How far a user has received a conversation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="receipts")
    user = models.ForeignKey(Account, models.CASCADE, related_name="+")
    delivered_seq = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "user"], name="one_each")]
