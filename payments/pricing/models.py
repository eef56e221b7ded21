"""What messages and calls cost, each price from a moment on."""

from typing import ClassVar

from django.db import models

from pairly.core.appendonly import AppendOnlyModel
from pairly.core.ids import new_id

__all__ = ["CreditPrice"]


class CreditPrice(AppendOnlyModel):
    """What a message, or a minute of a call, costs from ``starts_at`` on, until a later price
    starts. Zero is free. Where there is no row the settings count.

    Of two that start together the one written last counts.
    """

    class Item(models.TextChoices):
        MESSAGE = "message", "Message"
        CALL = "call", "Minute of a call"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    item = models.CharField(max_length=8, choices=Item)
    media = models.CharField(max_length=8)
    credits = models.PositiveIntegerField()
    starts_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta(AppendOnlyModel.Meta):
        verbose_name = "price of a message or call"
        verbose_name_plural = "message and call prices"
        indexes: ClassVar = [
            models.Index(
                fields=["item", "media", "-starts_at", "-id"], name="payments_credit_price_of"
            ),
            models.Index(fields=["starts_at", "id"], name="payments_credit_price_starts"),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.media} {self.credits}"
