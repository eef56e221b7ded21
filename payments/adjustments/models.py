"""What staff gave, took and wrote off."""

from typing import ClassVar

from django.db import models

from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.core.ids import new_id

__all__ = ["Adjustment", "AdjustmentDay", "Kind", "State"]


class Kind(models.TextChoices):
    GIVE_BONUS = "give_bonus", "Give bonus credits"
    GIVE_PAID = "give_paid", "Give paid credits"
    TAKE_BONUS = "take_bonus", "Take bonus credits"
    TAKE_PAID = "take_paid", "Take paid credits"
    WRITE_OFF = "write_off", "Write debt off"


class State(models.TextChoices):
    BOOKED = "booked", "Booked"
    WAITING = "waiting", "Waits for a second person"
    DROPPED = "dropped", "Not done"


class Adjustment(models.Model):
    """One change of somebody's credits by staff. Its id is the operation's, so that a request
    sent twice changes them once; ``adjustment:<id>`` names it in the ledger, a gift of bonus
    credits ``goodwill:<id>``."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    actor_id = models.UUIDField()
    user_id = models.UUIDField()
    kind = models.CharField(max_length=10, choices=Kind)
    credits = models.PositiveIntegerField()
    book_debt = models.BooleanField(
        default=False, help_text="Of what is taken, the person owes what is not there."
    )
    reason = models.CharField(max_length=REASON_LENGTH_MAX)
    state = models.CharField(max_length=10, choices=State)
    approval_id = models.UUIDField(null=True, help_text="absent: within what one gives alone")
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user_id", "-id"], name="adjustment_by_user")]

    def __str__(self) -> str:
        return f"{self.kind} {self.credits} of {self.user_id}"


class AdjustmentDay(models.Model):
    """What one member of staff adjusted alone on one day. The limits are checked in the update of
    this row, so that two at once cannot both take the last of it."""

    id = models.CharField(
        primary_key=True, max_length=50, db_column="_id", help_text="<actor id>:<date in UTC>"
    )
    credits = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.id
