"""Reads of notifications; the ``..._for`` functions are the only way to one."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet

from notifications.models import Delivery, Notification
from pairly.core.errors import NotFound
from pairly.core.table import Table

__all__ = [
    "KNOWN",
    "deliveries_due",
    "deliveries_of",
    "digested_among",
    "next_digest_at",
    "notification_for",
    "notifications_for",
    "open_alike",
    "open_since",
    "unread_count",
    "unread_counts",
]

KNOWN = Table(Notification, "dedupe_key")


def notifications_for(user_id: UUID, *, unread: bool = False) -> "QuerySet[Notification]":
    """A person's list; order by ``-id``."""
    listed = Notification.objects.filter(user_id=user_id, listed=True)
    return listed.filter(open=True) if unread else listed


def notification_for(user_id: UUID, notification_id: UUID) -> Notification:
    """Raises ``NotFound`` alike for what is absent, of others, deleted or taken the place of."""
    found = Notification.objects.filter(pk=notification_id, user_id=user_id, listed=True).first()
    if found is None:
        raise NotFound("There is no such notification.")
    return found


def unread_count(user_id: UUID) -> int:
    return unread_counts([user_id])[user_id]


def unread_counts(user_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many of each person's list are unread. One query, over what is open alone."""
    unread = Notification.objects.filter(user_id__in=list(user_ids), open=True, listed=True)
    counted = unread.order_by().values_list("user_id").annotate(Count("pk"))
    return dict.fromkeys(user_ids, 0) | dict(counted)


def open_alike(keys: Collection[tuple[UUID, str]]) -> "QuerySet[Notification]":
    """Open notifications of these people with one of these collapse keys."""
    people, collapse_keys = {key[0] for key in keys}, {key[1] for key in keys}
    return Notification.objects.filter(
        user_id__in=list(people), collapse_key__in=list(collapse_keys), open=True
    )


def open_since(user_id: UUID, since: datetime) -> "QuerySet[Notification]":
    """What a person has not seen of what came since then, oldest first."""
    found = Notification.objects.filter(user_id=user_id, open=True, created_at__gte=since)
    return found.order_by("id")


def deliveries_due(lane: str, now: datetime) -> "QuerySet[Delivery]":
    """Attempts that are due, and claims that have lapsed, oldest first."""
    return Delivery.objects.filter(lane=lane, due_at__lte=now).order_by("due_at")


def digested_among(notification_ids: Collection[UUID], channel: str) -> set[UUID]:
    """Those of the notifications that a digest tells of on that channel."""
    joined = deliveries_of(notification_ids).filter(
        channel=channel, reason=Delivery.Reason.DIGESTED
    )
    return set(joined.values_list("notification_id", flat=True))


def next_digest_at(digest: Delivery) -> datetime | None:
    """From when on the person's next digest on that channel tells; None where none has begun."""
    later = Delivery.objects.filter(user_id=digest.user_id, pk__gt=digest.pk, is_digest=True)
    later = later.filter(channel=digest.channel, created_at__gt=digest.created_at)
    return later.order_by("created_at").values_list("created_at", flat=True).first()


def deliveries_of(notification_ids: Collection[UUID]) -> "QuerySet[Delivery]":
    return Delivery.objects.filter(notification_id__in=list(notification_ids))
