"""Money that is given back."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.core.ids import new_id
from payments.intents.models import Intent
from payments.refunds.states import State

__all__ = ["Refund"]


class Refund(models.Model):
    """One refund of a paid intent, whole or in part, by us or in the provider's dashboard.

    ``id`` is the operation it was asked for under, and what the provider's own key derives from.
    ``credits`` is what it is to take from the buyer, and in the end what it took; see ``claims``.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    intent = models.ForeignKey(Intent, on_delete=models.PROTECT, related_name="+", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    amount_minor = models.PositiveIntegerField()
    credits = models.PositiveIntegerField()
    provider = models.CharField(max_length=16)
    provider_ref = models.CharField(max_length=100, default="", blank=True)
    state = models.CharField(max_length=10, choices=State)
    failure_code = models.CharField(max_length=64, default="", blank=True)
    requested_by = models.UUIDField(
        null=True, help_text="Absent for what was made in the provider's dashboard."
    )
    reason = models.CharField(max_length=REASON_LENGTH_MAX, default="", blank=True)
    follow_up_at = models.DateTimeField(null=True, help_text="When the provider is asked next.")
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "provider_ref"],
                condition=Q(provider_ref__gt=""),
                name="payments_refund_provider_ref",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["intent", "id"], name="payments_refund_of_intent"),
            models.Index(fields=["user", "id"], name="payments_refund_of_user"),
            models.Index(fields=["state", "id"], name="payments_refund_state"),
            models.Index(fields=["provider", "id"], name="payments_refund_provider"),
            # As with intents: the unique one holds but part of the rows.
            models.Index(fields=["provider_ref"], name="payments_refund_ref"),
            models.Index(fields=["follow_up_at"], name="payments_refund_follow_up"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"
