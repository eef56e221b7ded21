"""Rule sets, what each attempt to buy was scored, and reviews of purchases that were paid."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.core.appendonly import AppendOnlyModel

__all__ = ["Band", "FraudCheck", "Review", "RuleSet"]


class Band(models.TextChoices):
    """What comes of a score. ``review``: it may be paid, and its credits are held until staff
    have decided."""

    ALLOW = "allow", "Allow"
    REVIEW = "review", "Review"
    BLOCK = "block", "Block"


class RuleSet(AppendOnlyModel):
    """One version of the rules, whole; the highest number counts. ``rules`` is a list of
    ``payments.fraud.rules.Rule`` as JSON objects."""

    number = models.PositiveIntegerField(primary_key=True, editable=False, db_column="_id")
    rules = models.JSONField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    reason = models.CharField(max_length=REASON_LENGTH_MAX)
    created_at = models.DateTimeField()

    class Meta(AppendOnlyModel.Meta):
        verbose_name = "version of the fraud rules"
        verbose_name_plural = "fraud rules"

    def __str__(self) -> str:
        return f"version {self.number}"


class FraudCheck(AppendOnlyModel):
    """One attempt to buy and its score. It has the id of the intent, which a blocked one never
    got.

    ``number`` counts the person's attempts from 1. It is the row that guards the rules which
    count: of two attempts at once the second finds its number taken and is scored again.
    ``inputs`` is the ``Context`` it was scored by, ``hits`` the rules that matched. Where the
    scorer failed, both are empty, ``points`` is null and ``error`` says what broke.
    """

    id = models.UUIDField(primary_key=True, editable=False, db_column="_id")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    number = models.PositiveIntegerField(help_text="Of the person's attempts, from 1.")
    package = models.CharField(max_length=32)
    provider = models.CharField(max_length=16)
    amount_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    rule_set = models.ForeignKey(
        RuleSet, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    points = models.IntegerField(null=True)
    band = models.CharField(max_length=8, choices=Band)
    hits = models.JSONField()
    inputs = models.JSONField()
    error = models.CharField(max_length=200, default="", blank=True)
    created_at = models.DateTimeField()

    class Meta(AppendOnlyModel.Meta):
        verbose_name = "fraud check"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "number"], name="payments_fraud_attempt")
        ]
        indexes: ClassVar = [models.Index(fields=["band", "id"], name="payments_fraud_band")]

    def __str__(self) -> str:
        return f"{self.id} {self.band}"


class Review(models.Model):
    """A paid purchase whose credits are held until staff decide; it has the intent's id.

    It begins with the purchase, so a purchase that is never paid has none. ``held`` is how many
    credits are held now: fewer when a part was refunded, none once it is decided. ``holds``
    counts the holds so far, and with it each change of the row.
    """

    class State(models.TextChoices):
        HELD = "held", "Waits to be decided"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        CLOSED = "closed", "Over: refunded or disputed"

    id = models.UUIDField(primary_key=True, editable=False, db_column="_id")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    credits = models.PositiveIntegerField()
    held = models.PositiveIntegerField()
    holds = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=8, choices=State, default=State.HELD)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    reason = models.CharField(max_length=REASON_LENGTH_MAX, default="", blank=True)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "fraud review"
        indexes: ClassVar = [
            models.Index(fields=["state", "id"], name="payments_review_state"),
            models.Index(fields=["user", "id"], name="payments_review_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"
