"""Each person's log of durable events and the counter that numbers them."""

from uuid import UUID

from django.conf import settings
from django.db import models

__all__ = ["Event", "Feed", "event_key"]


def event_key(user_id: UUID, position: int) -> str:
    """The primary key of an event: a range of keys is one person's log, in order."""
    return f"{user_id.hex}{position:012x}"


class Feed(models.Model):
    """Where a person's log stands: the newest position, and the newest that was trimmed away."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        primary_key=True,
        db_column="_id",
        on_delete=models.CASCADE,
        related_name="+",
    )
    position = models.BigIntegerField(default=0)
    trimmed_position = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"feed of {self.pk} at {self.position}"


class Event(models.Model):
    """One durable event as one person may see it; the frame pushed to sockets is this row.

    There is no other index and no foreign key, because four of these are written per message.
    """

    id = models.CharField(primary_key=True, max_length=44, db_column="_id", editable=False)
    type = models.CharField(max_length=40)
    data = models.TextField(help_text="JSON object, exactly as it was pushed")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.type} at {self.position}"

    @property
    def position(self) -> int:
        return int(self.id[32:], 16)
