"""One table: what staff asked for and a second person decides."""

from typing import ClassVar

from django.db import models

from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.core.ids import new_id

__all__ = ["Approval", "State"]


class State(models.TextChoices):
    """Everything begins as waiting and ends once, for good."""

    WAITING = "waiting", "Waiting"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"


class Approval(models.Model):
    """A request for something that one person may not do alone.

    ``payload`` says everything that carrying it out needs, in ids and plain values. This row
    guards the decision: whoever ends it changes its state from waiting, so of two at once one
    carries it out and the other is told so.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    kind = models.CharField(max_length=60)
    target_type = models.CharField(max_length=30)
    target_id = models.CharField(max_length=200)
    payload = models.JSONField()
    reason = models.CharField(max_length=REASON_LENGTH_MAX)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    requested_by = models.UUIDField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.UUIDField(null=True, help_text="absent while it waits, and when it expired")
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=REASON_LENGTH_MAX, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "-id"], name="approval_by_state"),
            models.Index(fields=["state", "expires_at"], name="approval_expires"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.target_type} {self.target_id}".replace("_", " ")
