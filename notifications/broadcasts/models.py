"""What staff tell many people at once."""

from typing import ClassVar

from django.db import models

from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.core.ids import new_id

__all__ = ["BROADCAST_KINDS", "BROADCAST_KIND_CHOICES", "Broadcast"]

TITLE_LENGTH_MAX = 200
BODY_LENGTH_MAX = 1000
BROADCAST_KINDS = {"announcement.service": "News of the service", "announcement.offer": "Offer"}
BROADCAST_KIND_CHOICES = list(BROADCAST_KINDS.items())


class Broadcast(models.Model):
    """One text for a segment of people. A second person lets it go out, so many people a minute.

    The row guards it: whoever tells the next people holds ``claim`` until ``due_at``, and moves
    ``last_user_id`` on with what was told. Told twice, nobody hears it twice.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waits for a second person"
        SENDING = "sending", "Going out"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        DROPPED = "dropped", "Not approved"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    kind = models.CharField(max_length=40, choices=BROADCAST_KIND_CHOICES)
    title = models.CharField(max_length=TITLE_LENGTH_MAX)
    body = models.CharField(max_length=BODY_LENGTH_MAX)
    title_hi = models.CharField("title in Hindi", max_length=TITLE_LENGTH_MAX, blank=True)
    body_hi = models.CharField("body in Hindi", max_length=BODY_LENGTH_MAX, blank=True)
    country = models.CharField(max_length=2, blank=True, help_text="all where empty")
    min_age = models.PositiveSmallIntegerField(null=True)
    max_age = models.PositiveSmallIntegerField(null=True)
    active_days = models.PositiveSmallIntegerField(null=True, help_text="seen in so many days")
    per_minute = models.PositiveIntegerField(help_text="so many people a minute")
    people = models.PositiveIntegerField(help_text="in the segment when it was asked for")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    told = models.PositiveIntegerField(default=0)
    last_user_id = models.UUIDField(null=True, help_text="everybody up to this id was told")
    claim = models.UUIDField(null=True)
    due_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=REASON_LENGTH_MAX)
    created_by = models.UUIDField()
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["due_at"], name="broadcast_due")]

    def __str__(self) -> str:
        return self.title
