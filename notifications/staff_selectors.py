"""What staff may read of notifications."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from notifications.broadcasts.models import Broadcast
from notifications.models import Delivery, Notification
from notifications.selectors import deliveries_of
from pairly.core.errors import NotFound
from pairly.core.ids import first_id_at

__all__ = [
    "STATISTICS_DAYS_MAX",
    "broadcast",
    "dead_since",
    "deliveries",
    "delivery",
    "history_of",
    "statistics",
]

STATISTICS_DAYS_MAX = 7
HISTORY_ROWS_MAX = 50


def deliveries(
    *, user_id: UUID | None = None, state: str = "", channel: str = "", kind: str = ""
) -> "QuerySet[Delivery]":
    """Order by ``-id``."""
    given: dict[str, Any] = {"state": state, "channel": channel, "kind": kind}
    if user_id is not None:
        given["user_id"] = user_id
    return Delivery.objects.filter(**{name: value for name, value in given.items() if value})


def dead_since(moment: datetime) -> "QuerySet[Delivery]":
    """What was made since then and failed for good."""
    return Delivery.objects.filter(state=Delivery.State.DEAD, pk__gte=first_id_at(moment))


def delivery(delivery_id: UUID) -> Delivery:
    """With its notification. Raises ``NotFound``."""
    found = Delivery.objects.filter(pk=delivery_id).select_related("notification").first()
    if found is None:
        raise NotFound
    return found


def history_of(user_id: UUID) -> list[tuple[Notification, list[Delivery]]]:
    """The newest of what a person was told, and what became of it on each channel."""
    told = list(Notification.objects.filter(user_id=user_id).order_by("-id")[:HISTORY_ROWS_MAX])
    made: dict[UUID, list[Delivery]] = {row.pk: [] for row in told}
    for one in deliveries_of(made).order_by("id"):
        made[one.notification_id].append(one)
    return [(row, made[row.pk]) for row in told]


def statistics(*, days: int, now: datetime) -> list[dict[str, Any]]:
    """How the deliveries of the last days fare: ``{kind, channel, state, reason, count}``. Reads
    those days and nothing older."""
    since = first_id_at(now - timedelta(days=min(days, STATISTICS_DAYS_MAX)))
    counted = Delivery.objects.filter(pk__gte=since).order_by()
    columns = ("kind", "channel", "state", "reason")
    rows = list(counted.values(*columns).annotate(count=Count("pk")))
    return sorted(rows, key=lambda row: tuple(row[name] for name in columns))


def broadcast(broadcast_id: UUID) -> Broadcast:
    """Raises ``NotFound``."""
    found = Broadcast.objects.filter(pk=broadcast_id).first()
    if found is None:
        raise NotFound
    return found
