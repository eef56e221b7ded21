"""One table: lists of events on their way to a handler."""

from typing import ClassVar

from django.db import models

from pairly.core.ids import new_id

__all__ = ["OutboxEvent"]


class OutboxEvent(models.Model):
    """The events of one kind that one transaction told one handler."""

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        DISCARDED = "discarded", "Discarded"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    kind = models.CharField(max_length=200, help_text="Dotted path of the event's class.")
    handler = models.CharField(max_length=200, help_text="Dotted path of the function to call.")
    payload = models.TextField(help_text="JSON list of events.")
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(
        help_text="When to look at it next: an attempt, the lapse of a claim, or removal."
    )
    claim = models.UUIDField(null=True, help_text="Who runs it, until it is due again.")
    last_error = models.TextField(default="", blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "due_at"], name="outbox_due")]

    def __str__(self) -> str:
        return f"{self.kind} for {self.handler}, {self.state}"
