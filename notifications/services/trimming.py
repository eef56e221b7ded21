"""Forgetting: what is old, and all of who left."""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings

from notifications.models import Delivery, Notification, Preferences
from pairly.core.db import run_atomic
from pairly.core.ids import first_id_at

__all__ = ["forget_people", "trim"]

ROWS_AT_ONCE = 500


def trim(now: datetime) -> int:
    """Delete what is older than ``NOTIFICATION_KEEP_DAYS``, a bounded number in a transaction; how
    many. By then no channel has anything left to send of it."""
    oldest_kept = first_id_at(now - timedelta(days=settings.NOTIFICATION_KEEP_DAYS))
    old = Notification.objects.filter(pk__lt=oldest_kept).order_by("pk")
    count = 0
    while ids := list(old.values_list("pk", flat=True)[:ROWS_AT_ONCE]):
        count += run_atomic(partial(_delete, ids))
    return count


def _delete(ids: list[UUID]) -> int:
    Delivery.objects.filter(notification_id__in=ids).delete()
    Notification.objects.filter(pk__in=ids).delete()
    return len(ids)


def forget_people(user_ids: Collection[UUID]) -> None:
    """Inside the transaction of their leaving."""
    people = list(user_ids)
    Delivery.objects.filter(user_id__in=people).delete()
    Notification.objects.filter(user_id__in=people).delete()
    Preferences.objects.filter(pk__in=people).delete()
