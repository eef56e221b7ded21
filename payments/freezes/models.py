"""Whose spending staff have frozen."""

from typing import ClassVar

from django.db import models

from pairly.accounts.models import REASON_LENGTH_MAX

__all__ = ["Freeze"]


class Freeze(models.Model):
    """A freeze in force; lifting it removes the row, and the audit log tells of it for ever.

    What refuses to spend is the mark on the person's accounts, which the same transaction sets
    (see ``ledger.models.Account``); this says why, since when and until when.
    """

    user_id = models.UUIDField(primary_key=True, editable=False, db_column="_id")
    actor_id = models.UUIDField()
    reason = models.CharField(max_length=REASON_LENGTH_MAX)
    frozen_at = models.DateTimeField()
    until = models.DateTimeField(null=True, help_text="absent: until somebody lifts it")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["until"], name="freeze_ends")]

    def __str__(self) -> str:
        return f"{self.user_id} is frozen"
