"""One table: alerts, open and resolved."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from pairly.core.ids import new_id

__all__ = [
    "DETAILS_LENGTH_MAX",
    "KEY_LENGTH_MAX",
    "KIND_LENGTH_MAX",
    "NOTE_LENGTH_MAX",
    "TITLE_LENGTH_MAX",
    "Alert",
    "Severity",
]

KIND_LENGTH_MAX = 60
KEY_LENGTH_MAX = 200
TITLE_LENGTH_MAX = 200
DETAILS_LENGTH_MAX = 2000
NOTE_LENGTH_MAX = 500


class Severity(models.TextChoices):
    """``critical``: money or the books are at stake, look now. ``warning``: look today."""

    WARNING = "warning", "Warning"
    CRITICAL = "critical", "Critical"


class Alert(models.Model):
    """Something is wrong, seen ``count`` times from ``first_seen_at`` to ``last_seen_at``.

    ``kind`` says what is wrong, ``key`` with what (empty where there is but one); of both
    together at most one is open. It names things by id alone, since staff of any role with
    ``system.view`` read it. Resolved without ``resolved_by_id``, it was over by itself.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        RESOLVED = "resolved", "Resolved"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    kind = models.CharField(max_length=KIND_LENGTH_MAX)
    key = models.CharField(max_length=KEY_LENGTH_MAX, blank=True)
    severity = models.CharField(max_length=8, choices=Severity)
    title = models.CharField(max_length=TITLE_LENGTH_MAX)
    details = models.CharField(max_length=DETAILS_LENGTH_MAX, blank=True)
    count = models.PositiveIntegerField(default=1)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    acknowledged_by_id = models.UUIDField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    resolved_by_id = models.UUIDField(null=True)
    resolved_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=NOTE_LENGTH_MAX, blank=True, help_text="What was done.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "key"], condition=Q(state="open"), name="alerts_one_open"
            )
        ]
        indexes: ClassVar = [
            # The unique one holds but part of the rows, so neither database seeks in it.
            models.Index(fields=["state", "kind", "key"], name="alerts_open"),
            models.Index(fields=["state", "id"], name="alerts_state"),
            models.Index(fields=["resolved_at"], name="alerts_resolved"),
        ]

    def __str__(self) -> str:
        return self.title
