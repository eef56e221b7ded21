"""Packages of credits, and their prices, each from a day on."""

from typing import ClassVar

from django.db import models

from pairly.core.appendonly import AppendOnlyModel
from pairly.core.ids import new_id

__all__ = ["Package", "Price"]


class Package(models.Model):
    """What is sold: so many credits. ``code`` is for programs and never changes."""

    code = models.CharField(primary_key=True, max_length=32, db_column="_id")
    credits = models.PositiveIntegerField()
    offered = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.code


class Price(AppendOnlyModel):
    """What a package costs from ``starts_at`` on, until a later price starts.

    Of two that start together the one written last counts.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    amount_minor = models.PositiveIntegerField()
    starts_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta(AppendOnlyModel.Meta):
        indexes: ClassVar = [
            models.Index(fields=["package", "starts_at"], name="payments_price_of_package")
        ]

    def __str__(self) -> str:
        return f"{self.package_id} {self.amount_minor} {self.currency}"
