"""How purchases fare, by the day they were begun: counted by the database, the last days again and
again, since an order may be paid, refunded or disputed long after."""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any, Final

from django.db.models import Count, QuerySet

from pairly.core.clock import EPOCH
from pairly.core.db import change_one, run_atomic
from pairly.core.ids import first_id_at
from payments.intents.models import Intent
from payments.reports.models import IntentDay, Progress, between

__all__ = ["count_intents", "intents_of_day"]

RECOUNTED_DAYS: Final = 2
SETTLED_AFTER_DAYS: Final = 120
"""What card holders have to dispute a payment: after that a day's purchases stand as they do."""

ONE_DAY: Final = timedelta(days=1)


def count_intents(now: datetime, *, days: int = RECOUNTED_DAYS) -> int:
    """Count the last so many days anew, today included; how many days."""
    today = now.astimezone(UTC).date()
    for ago in range(days):
        _count_day(today - ago * ONE_DAY, now)
    return days


def intents_of_day(day: date) -> "QuerySet[Intent]":
    """Those that were begun on it, found by their keys."""
    start = datetime.combine(day, time(), UTC)
    return Intent.objects.filter(pk__gte=first_id_at(start), pk__lt=first_id_at(start + ONE_DAY))


def _count_day(day: date, now: datetime) -> None:
    """A count that was overtaken may be the older one, so it is made again."""
    while not _counted(day, now):
        continue


def _counted(day: date, now: datetime) -> bool:
    progress, _made = Progress.objects.get_or_create(
        pk=Progress.INTENTS, defaults={"through": EPOCH}
    )
    groups: Any = intents_of_day(day).values("provider", "status", "failure_code").order_by()
    found = list(groups.annotate(count=Count("pk")))
    return run_atomic(partial(_write_day, progress, day, found, now))


def _write_day(progress: Progress, day: date, found: list[dict[str, Any]], now: datetime) -> bool:
    """In the place of what was counted before; False if another count was written meanwhile."""
    seen = Progress.objects.filter(pk=progress.pk, step=progress.step)
    if not change_one(seen, step=progress.step + 1, through=max(now, progress.through)):
        return False
    between(IntentDay, day, day).delete()
    IntentDay.objects.bulk_create(
        IntentDay(
            pk=f"{day}:{one['provider']}:{one['status']}:{one['failure_code']}", day=day, **one
        )
        for one in found
    )
    return True
