"""What payments came to, day by day in UTC, and the movements of money behind it. The key of a
day's row begins with the day, so the rows of some days are a range of keys."""

from datetime import date, timedelta
from typing import Any, ClassVar

from django.db import models

from payments.ledger.models import TRANSFER_ID_CHARACTERS_MAX

__all__ = [
    "CreditDay",
    "IntentDay",
    "Movement",
    "Outstanding",
    "Progress",
    "RevenueDay",
    "between",
]

ONE_DAY = timedelta(days=1)


class RevenueDay(models.Model):
    """The money of one day at one provider, of one package and currency, in minor units.

    ``gross_minor`` is what was paid, ``refunds_minor`` and ``disputes_minor`` what went back (less
    what came back of it), ``fees_minor`` what the provider kept. Each transfer counts on the day
    it was booked; a fee on the day the provider took it, which its statement tells later.
    """

    id = models.CharField(primary_key=True, max_length=80, editable=False, db_column="_id")
    day = models.DateField()
    provider = models.CharField(max_length=16)
    package = models.CharField(max_length=32, blank=True)
    currency = models.CharField(max_length=3)
    purchases = models.IntegerField(default=0)
    gross_minor = models.BigIntegerField(default=0)
    refunds_minor = models.BigIntegerField(default=0)
    disputes_minor = models.BigIntegerField(default=0)
    fees_minor = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.id

    @property
    def net_minor(self) -> int:
        return self.gross_minor - self.refunds_minor - self.disputes_minor - self.fees_minor


class Movement(models.Model):
    """A transfer of what a provider holds for us, to be found by provider and time: the ledger
    has no such index. Fees are left out, which answer to no line of a statement."""

    transfer_id = models.CharField(
        primary_key=True, max_length=TRANSFER_ID_CHARACTERS_MAX, db_column="_id"
    )
    provider = models.CharField(max_length=16)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["provider", "at", "transfer_id"], name="payments_movement_at")
        ]

    def __str__(self) -> str:
        return self.transfer_id


class CreditDay(models.Model):
    """What the people's accounts of one kind changed by in one day, all together.

    ``pocket`` is the kind, or ``held`` for what is set aside of them.
    """

    id = models.CharField(primary_key=True, max_length=64, editable=False, db_column="_id")
    day = models.DateField()
    asset = models.CharField(max_length=8)
    pocket = models.CharField(max_length=32)
    change = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.id


class Outstanding(models.Model):
    """What the people's accounts of one kind stand at, all together: the days' changes summed."""

    id = models.CharField(primary_key=True, max_length=64, editable=False, db_column="_id")
    asset = models.CharField(max_length=8)
    pocket = models.CharField(max_length=32)
    amount = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.id


class IntentDay(models.Model):
    """How many of the purchases that were begun on one day stand how, when last counted."""

    id = models.CharField(primary_key=True, max_length=140, editable=False, db_column="_id")
    day = models.DateField()
    provider = models.CharField(max_length=16)
    status = models.CharField(max_length=20)
    failure_code = models.CharField(max_length=64, blank=True)
    count = models.IntegerField()

    def __str__(self) -> str:
        return self.id


class Progress(models.Model):
    """How far a report has come; who adds to it moves this row on in the same transaction.

    ``step`` is the last block that was counted, or the number of the last count.
    ``through`` is the time up to which everything is in it.
    """

    LEDGER: ClassVar = "ledger"
    INTENTS: ClassVar = "intents"

    id = models.CharField(primary_key=True, max_length=16, db_column="_id")
    step = models.BigIntegerField(default=0)
    through = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.id} {self.step}"


def between(model: type[models.Model], first: date, last: date) -> "models.QuerySet[Any]":
    """The rows of these days, both included; order by ``id``, or ``-id`` for the newest first."""
    return model._default_manager.filter(pk__gte=f"{first}", pk__lt=f"{last + ONE_DAY}")
