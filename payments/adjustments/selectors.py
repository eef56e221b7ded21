"""What may be read of adjustments."""

from uuid import UUID

from django.db.models import QuerySet

from payments.adjustments.models import Adjustment

__all__ = ["adjustments_of"]


def adjustments_of(user_id: UUID) -> "QuerySet[Adjustment]":
    """Booked, waiting and dropped ones; order by ``-id``."""
    return Adjustment.objects.filter(user_id=user_id)
