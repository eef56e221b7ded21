"""The books of the mock providers; empty in production."""

from typing import ClassVar

from django.db import models

from payments.gateways.base import DisputeState, LineKind, RefundState

__all__ = ["MockDispute", "MockLine", "MockPayment", "MockRefund"]


class MockPayment(models.Model):
    """A payment as the mock provider knows it. ``status`` is in that provider's own words.

    ``returned_minor`` counts what refunds and disputes took of it, pending ones too: the guard of
    each.
    """

    ref = models.CharField(primary_key=True, max_length=64, db_column="_id")
    provider = models.CharField(max_length=16)
    intent_id = models.UUIDField(unique=True)
    amount_minor = models.PositiveIntegerField()
    returned_minor = models.PositiveIntegerField(default=0)
    refunds_fail = models.BooleanField(
        default=False, help_text="Refunds are accepted and fail later."
    )
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=32)
    failure_code = models.CharField(max_length=64, default="", blank=True)
    settles_at = models.DateTimeField(null=True, help_text="When a delayed payment succeeds.")
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["settles_at"], name="payments_mock_settles")]

    def __str__(self) -> str:
        return f"{self.ref} {self.status}"


class MockRefund(models.Model):
    """Money given back. ``refund_id`` is ours; one made in the provider's dashboard has none."""

    ref = models.CharField(primary_key=True, max_length=64, db_column="_id")
    provider = models.CharField(max_length=16)
    payment = models.ForeignKey(MockPayment, on_delete=models.PROTECT, related_name="refunds")
    refund_id = models.UUIDField(null=True)
    amount_minor = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=[(one, one) for one in RefundState])
    failure_code = models.CharField(max_length=64, default="", blank=True)
    due_at = models.DateTimeField(null=True, help_text="When it is settled, and told of.")
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["due_at"], name="payments_mock_refund_due")]

    def __str__(self) -> str:
        return f"{self.ref} {self.state}"


class MockDispute(models.Model):
    """The one dispute that a payment may have here; ``ref`` derives from the payment's intent."""

    ref = models.CharField(primary_key=True, max_length=64, db_column="_id")
    payment = models.ForeignKey(MockPayment, on_delete=models.PROTECT, related_name="disputes")
    amount_minor = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=[(one, one) for one in DisputeState])
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.ref} {self.state}"


class MockLine(models.Model):
    """One line of the mock provider's statement, as ``base.StatementLine`` describes it."""

    line_ref = models.CharField(primary_key=True, max_length=64, db_column="_id")
    provider = models.CharField(max_length=16)
    kind = models.CharField(max_length=16, choices=[(one, one) for one in LineKind])
    ref = models.CharField(max_length=64)
    payment_ref = models.CharField(max_length=64)
    intent_id = models.UUIDField()
    amount_minor = models.IntegerField()
    fee_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["provider", "at", "line_ref"], name="payments_mock_line_at")
        ]

    def __str__(self) -> str:
        return f"{self.line_ref} {self.amount_minor} {self.currency}"
