"""The books of the mock provider; empty in production."""

from typing import ClassVar

from django.db import models

__all__ = ["MockPayment"]


class MockPayment(models.Model):
    """A payment as the mock provider knows it. ``status`` is in that provider's own words."""

    ref = models.CharField(primary_key=True, max_length=64, db_column="_id")
    provider = models.CharField(max_length=16)
    intent_id = models.UUIDField(unique=True)
    amount_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=32)
    failure_code = models.CharField(max_length=64, default="", blank=True)
    settles_at = models.DateTimeField(null=True, help_text="When a delayed payment succeeds.")
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["settles_at"], name="payments_mock_settles")]

    def __str__(self) -> str:
        return f"{self.ref} {self.status}"
