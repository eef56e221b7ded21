"""Intents to buy, everything that was ever observed of them, and receipts."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from pairly.core.appendonly import AppendOnlyModel
from pairly.core.ids import new_id
from payments.intents.states import OPEN, Status
from payments.packages.models import Package

__all__ = ["Intent", "Observed", "Receipt", "ReceiptCounter"]


class Intent(models.Model):
    """One wish to buy one package at one provider, at the price of that moment.

    ``id`` is the operation of the Idempotency-Key it was made under, and is newer when it is
    greater. ``provider_ref`` and ``client_secret`` are empty until the provider has answered.

    Of the amount, ``refunding_minor`` is on its way back, ``refunded_minor`` is back,
    ``disputed_minor`` is under open disputes and ``lost_minor`` went to disputes that were lost.
    They guard refunds and disputes: whoever begins or ends one changes one of them, so of two at
    once the second looks again.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="+", db_index=False)
    credits = models.PositiveIntegerField()
    amount_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    provider = models.CharField(max_length=16)
    provider_ref = models.CharField(max_length=100, default="", blank=True)
    client_secret = models.CharField(max_length=200, default="", blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.UNKNOWN)
    failure_code = models.CharField(
        max_length=64, default="", blank=True, help_text="Why the last attempt was declined."
    )
    refunding_minor = models.PositiveIntegerField(default=0)
    refunded_minor = models.PositiveIntegerField(default=0)
    disputed_minor = models.PositiveIntegerField(default=0)
    lost_minor = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField()
    follow_up_at = models.DateTimeField(null=True, help_text="When the provider is asked next.")
    paid_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "purchase"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "provider_ref"],
                condition=Q(provider_ref__gt=""),
                name="payments_intent_provider_ref",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=F("refunding_minor") + F("refunded_minor")),
                name="payments_intent_refunded",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "id"], name="payments_intent_of_user"),
            models.Index(fields=["currency", "amount_minor", "id"], name="payments_intent_amount"),
            models.Index(fields=["user", "status", "id"], name="payments_intent_user_status"),
            models.Index(fields=["status", "id"], name="payments_intent_status"),
            models.Index(fields=["provider", "id"], name="payments_intent_provider"),
            # The unique one above holds but part of the rows, so neither database seeks in it.
            models.Index(fields=["provider_ref"], name="payments_intent_ref"),
            models.Index(fields=["follow_up_at"], name="payments_intent_follow_up"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.status}"

    def is_payable_at(self, now: datetime) -> bool:
        """Whether the buyer may still pay; a declined attempt may be followed by another."""
        return now < self.expires_at and (self.status in OPEN or self.status == Status.FAILED)

    @property
    def claimed_minor(self) -> int:
        """What refunds and disputes have of it; more than all of it where they claim the same."""
        return self.refunding_minor + self.refunded_minor + self.disputed_minor + self.lost_minor

    @property
    def refundable_minor(self) -> int:
        """What could still be given back of a paid intent, were no dispute open."""
        return max(0, self.amount_minor - self.claimed_minor)


class Observed(AppendOnlyModel):
    """What a provider said of an intent, and what was made of it. The intent's history.

    ``about`` says of what: of the payment, or of the refund or dispute that has ``ref`` as its id
    there. ``status`` is the state that the provider told of. ``amount_minor`` and ``currency``
    are as it said, null and empty where it said nothing of money.
    """

    class About(models.TextChoices):
        PAYMENT = "payment", "Payment"
        REFUND = "refund", "Refund"
        DISPUTE = "dispute", "Dispute"

    class Source(models.TextChoices):
        REQUEST = "request", "Answer to a request"
        WEBHOOK = "webhook", "Webhook"
        POLL = "poll", "Asked"
        RECONCILIATION = "statement", "Statement"

    class Verdict(models.TextChoices):
        APPLIED = "applied", "Applied"
        IGNORED = "ignored", "Ignored"
        SET_ASIDE = "set_aside", "Set aside"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    intent = models.ForeignKey(Intent, on_delete=models.PROTECT, related_name="+", db_index=False)
    source = models.CharField(max_length=10, choices=Source)
    about = models.CharField(max_length=10, choices=About, default=About.PAYMENT)
    ref = models.CharField(max_length=100, default="", blank=True)
    status = models.CharField(max_length=20)
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, default="", blank=True)
    verdict = models.CharField(max_length=10, choices=Verdict)
    reason = models.CharField(max_length=200, default="", blank=True)
    observed_at = models.DateTimeField(help_text="The provider's own time.")
    created_at = models.DateTimeField()

    class Meta(AppendOnlyModel.Meta):
        verbose_name = "observation"
        indexes: ClassVar = [
            models.Index(fields=["intent", "created_at"], name="payments_observed_of_intent"),
            models.Index(fields=["verdict", "id"], name="payments_observed_verdict"),
        ]

    def __str__(self) -> str:
        return f"{self.intent_id} {self.about} {self.status} {self.verdict}"


class Receipt(AppendOnlyModel):
    """The proof of one purchase. Numbers run from 1 without gaps."""

    id = models.UUIDField(
        primary_key=True, editable=False, db_column="_id", help_text="The intent's."
    )
    number = models.PositiveIntegerField(unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"receipt {self.number}"


class ReceiptCounter(models.Model):
    """The last receipt's number; one row, changed by compare-and-set with the receipt."""

    id = models.CharField(primary_key=True, max_length=16, db_column="_id")
    number = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.id} {self.number}"
