"""What staff gave away, and how much of it a day."""

from django.db import models

from pairly.core.ids import new_id

__all__ = ["Goodwill", "GoodwillDay"]


class Goodwill(models.Model):
    """Credits that a member of staff gave somebody; the ledger's operation is ``goodwill:<id>``."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    actor_id = models.UUIDField()
    user_id = models.UUIDField()
    credits = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.credits} credits for {self.user_id}"


class GoodwillDay(models.Model):
    """What one member of staff gave on one day. The cap is checked in the update of this row, so
    that two gifts at once cannot both take the last of it."""

    id = models.CharField(
        primary_key=True, max_length=50, db_column="_id", help_text="<actor id>:<date in UTC>"
    )
    credits = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.id
