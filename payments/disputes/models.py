"""Payments that a buyer's bank wants back."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from pairly.core.ids import new_id
from payments.disputes.states import State
from payments.intents.models import Intent

__all__ = ["Dispute"]


class Dispute(models.Model):
    """One dispute over a paid intent, or over a part of it.

    ``credits`` is what it takes from the buyer if it is lost, and in the end what it took; see
    ``claims``.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    intent = models.ForeignKey(Intent, on_delete=models.PROTECT, related_name="+", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    amount_minor = models.PositiveIntegerField()
    credits = models.PositiveIntegerField()
    provider = models.CharField(max_length=16)
    provider_ref = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=State)
    reason = models.CharField(
        max_length=200, default="", blank=True, help_text="In the provider's words."
    )
    closed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "provider_ref"], name="payments_dispute_provider_ref"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["intent", "id"], name="payments_dispute_of_intent"),
            models.Index(fields=["user", "id"], name="payments_dispute_of_user"),
            models.Index(fields=["state", "id"], name="payments_dispute_state"),
            models.Index(fields=["provider", "id"], name="payments_dispute_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.provider_ref} {self.state}"
