"""Runs of the reconciliation with providers' statements, and the breaks that they found."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from pairly.core.clock import EPOCH
from pairly.core.ids import new_id

__all__ = [
    "DETAIL_LENGTH_MAX",
    "NOTE_LENGTH_MAX",
    "SUBJECT_LENGTH_MAX",
    "Break",
    "Reconciliation",
]

SUBJECT_LENGTH_MAX = 220
DETAIL_LENGTH_MAX = 300
NOTE_LENGTH_MAX = 500
ERROR_LENGTH_MAX = 500


class Reconciliation(models.Model):
    """One run over what a provider's statement and our ledger have from ``since`` until before
    ``until``. Of each provider at most one runs; one that died is over when its lease is.

    ``totals`` is a JSON object by currency: what the statement and the ledger come to in that
    time, in minor units, and the fees on the statement.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    provider = models.CharField(max_length=16)
    since = models.DateTimeField()
    until = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    lease_until = models.DateTimeField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    known_until = models.DateTimeField(
        default=EPOCH, help_text="All of the provider is known up to then, without a gap."
    )
    lines = models.PositiveIntegerField(default=0)
    bookings = models.PositiveIntegerField(default=0)
    mended = models.PositiveIntegerField(
        default=0, help_text="Known to the provider alone until this run booked it."
    )
    fees_booked = models.PositiveIntegerField(default=0)
    breaks_found = models.PositiveIntegerField(default=0)
    breaks_opened = models.PositiveIntegerField(default=0)
    breaks_closed = models.PositiveIntegerField(default=0)
    totals = models.TextField(default="{}")
    error = models.CharField(max_length=ERROR_LENGTH_MAX, default="", blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider"], condition=Q(state="running"), name="payments_one_run"
            )
        ]
        indexes: ClassVar = [
            # The unique one holds but part of the rows, so neither database seeks in it.
            models.Index(fields=["provider", "state", "id"], name="payments_run_in_state"),
            models.Index(fields=["provider", "id"], name="payments_run_of_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.since:%Y-%m-%d} to {self.until:%Y-%m-%d}"


class Break(models.Model):
    """Where a provider's statement and our books differ, from when it was first found.

    ``subject`` names the line or the transfer in question, so a later run that finds the same
    break finds this row. ``detail`` says what differs; an explanation holds as long as that stays
    the same. Resolved without ``resolved_by_id``, it was gone when a run looked again.
    """

    class Kind(models.TextChoices):
        MISSING_HERE = "missing_here", "Missing here"
        MISSING_THERE = "missing_there", "Missing there"
        AMOUNT = "amount", "Amount"
        CURRENCY = "currency", "Currency"
        DUPLICATE = "duplicate", "Duplicate"
        FEE = "fee", "Fee"
        TIMING = "timing", "Timing"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        EXPLAINED = "explained", "Explained"
        RESOLVED = "resolved", "Resolved"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    provider = models.CharField(max_length=16)
    kind = models.CharField(max_length=16, choices=Kind)
    subject = models.CharField(max_length=SUBJECT_LENGTH_MAX)
    currency = models.CharField(max_length=3)
    statement_minor = models.BigIntegerField(null=True, help_text="What the statement says.")
    ledger_minor = models.BigIntegerField(null=True, help_text="What our books say.")
    detail = models.CharField(max_length=DETAIL_LENGTH_MAX)
    operation = models.CharField(
        max_length=SUBJECT_LENGTH_MAX, default="", blank=True, help_text="Its name in the ledger."
    )
    intent_id = models.UUIDField(null=True, help_text="The purchase it belongs to.")
    occurred_at = models.DateTimeField(help_text="The time of the line or of the transfer.")
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="When a run found it last.")
    run_id = models.UUIDField(help_text="The run that found it last.")
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    owner_id = models.UUIDField(null=True, help_text="Who looks after it.")
    note = models.CharField(max_length=NOTE_LENGTH_MAX, default="", blank=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by_id = models.UUIDField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "kind", "subject"], name="payments_break_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["provider", "state", "occurred_at"], name="payments_break_in_time"
            ),
            models.Index(fields=["state", "id"], name="payments_break_state"),
            models.Index(fields=["owner_id", "state", "id"], name="payments_break_of_owner"),
            models.Index(fields=["intent_id"], name="payments_break_of_intent"),
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.get_kind_display().lower()}"
