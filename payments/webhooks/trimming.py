"""Events that are over keep their row for ever, since a replay is known by it; what stands in
them, with what it tells of buyers, goes after a while."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from pairly.core.db import run_atomic
from payments.webhooks.models import Webhook

__all__ = ["OVER_STATES", "trim_bodies", "trimmable", "trimmed_at"]

TRIMMED_AT_ONCE_MAX = 500

State = Webhook.State
OVER_STATES = (State.DONE, State.IGNORED, State.DISCARDED)


def trimmed_at(now: datetime) -> datetime:
    """When what is over now loses its body and headers."""
    return now + timedelta(days=settings.WEBHOOK_BODY_KEEP_DAYS)


def trim_bodies(now: datetime) -> int:
    """Empty what is over for long enough, a bounded number in a transaction; how many."""
    trimmed = 0
    for state in OVER_STATES:
        while ids := list(trimmable(state, now).values_list("pk", flat=True)):
            trimmed += run_atomic(partial(_trim, ids, state, now))
    return trimmed


def trimmable(state: str, now: datetime) -> "QuerySet[Webhook]":
    over = Webhook.objects.filter(state=state, due_at__lte=now).order_by("due_at")
    return over[:TRIMMED_AT_ONCE_MAX]


def _trim(ids: list[UUID], state: str, now: datetime) -> int:
    still = Webhook.objects.filter(pk__in=ids, state=state, due_at__lte=now)
    return still.update(body="", headers={}, due_at=None)
