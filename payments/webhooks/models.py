"""Events that providers sent, as they came, and how far each has got."""

from typing import ClassVar

from django.db import models

from pairly.core.ids import new_id

__all__ = ["Webhook"]


class Webhook(models.Model):
    """One event of a provider, stored before anything is made of it.

    ``received`` has been seen, ``done`` has had its effect: the one never stands for the other.
    ``due_at`` is when to look at it next: an attempt, the lapse of a claim, or of what is over the
    trimming of its body and headers, after which there is nothing to come. The row stays.
    """

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        PROCESSING = "processing", "Processing"
        DONE = "done", "Done"
        IGNORED = "ignored", "Ignored"
        FAILED = "failed", "Failed, will be tried again"
        DEAD = "dead", "Dead letter"
        DISCARDED = "discarded", "Discarded"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    provider = models.CharField(max_length=16)
    event_id = models.CharField(max_length=255, help_text="Unique for ever at its provider.")
    type = models.CharField(max_length=100)
    body = models.TextField(
        blank=True, help_text="As it came, since the signature is over these bytes."
    )
    headers = models.JSONField(help_text="Those that belong to the signature and the event.")
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    attempts = models.PositiveSmallIntegerField(default=0)
    replays = models.PositiveSmallIntegerField(default=0, help_text="By staff.")
    due_at = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)
    last_error = models.TextField(default="", blank=True)
    same_errors = models.PositiveSmallIntegerField(default=0)
    intent_id = models.UUIDField(null=True, help_text="The intent it turned out to be about.")
    created_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="payments_webhook_event")
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "due_at"], name="payments_webhook_due"),
            models.Index(fields=["state", "id"], name="payments_webhook_state"),
            models.Index(fields=["intent_id"], name="payments_webhook_intent"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.type} {self.state}"
