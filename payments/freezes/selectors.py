"""What may be read of freezes."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from payments.freezes.models import Freeze

__all__ = ["freeze_of", "freezes_over"]


def freeze_of(user_id: UUID) -> Freeze | None:
    return Freeze.objects.filter(pk=user_id).first()


def freezes_over(now: datetime) -> "QuerySet[Freeze]":
    """Those whose time is over, the first to end first."""
    return Freeze.objects.filter(until__lte=now).order_by("until")
