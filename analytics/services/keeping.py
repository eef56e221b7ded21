"""How long events are kept, and files that nothing points to."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import Model, QuerySet

from analytics import files
from analytics.models import Day, Event, PeopleFile, SetAside
from analytics.people import newest_people_file
from pairly.core.db import run_atomic

__all__ = ["remove_old_events", "remove_stray_files", "unrepeatable"]

REMOVED_AT_ONCE: Final = 1000
GRACE: Final = timedelta(hours=1)
"""A report may still read a file that its day was switched away from."""


def remove_old_events(now: datetime) -> int:
    """Forget rows whose repeats would be too late, days beyond ``ANALYTICS_KEEP_DAYS``, and events
    set aside long ago. How many rows."""
    seen = now - timedelta(days=settings.ANALYTICS_SET_ASIDE_DAYS)
    oldest = now.date() - timedelta(days=settings.ANALYTICS_KEEP_DAYS)
    run_atomic(lambda: Day.objects.filter(day__lt=oldest).delete())
    if people := newest_people_file():
        run_atomic(lambda: PeopleFile.objects.filter(pk__lt=people.pk).delete())
    return _remove(unrepeatable(now)) + _remove(SetAside.objects.filter(created_at__lt=seen))


def unrepeatable(now: datetime) -> "QuerySet[Event]":
    """Rows in files whose repeats would be refused."""
    too_late = now - timedelta(days=settings.ANALYTICS_LATE_DAYS_MAX + 1)
    return Event.objects.filter(at__lt=too_late, pending_day="").order_by("at")


def remove_stray_files(now: datetime) -> int:
    """Remove what no row names: files that were replaced, and those of a writer that was killed.
    How many."""
    used: set[str] = set()
    switched_at: dict[str, datetime] = {}
    if people := newest_people_file():
        used.add(people.file)
        switched_at[files.PEOPLE_FOLDER] = people.created_at
    for day in Day.objects.iterator():
        used |= {day.events_file, day.activity_file, day.counts_file}
        switched_at[files.folder_of(day.day)] = day.changed_at
    stray = [
        name
        for name in files.stored_names()
        if name not in used and _unread_since(name, switched_at) <= now - GRACE
    ]
    for name in stray:
        default_storage.delete(name)
    files.keep_fetched(used)
    files.clear_scratch(now)
    return len(stray)


def _unread_since(name: str, switched_at: dict[str, datetime]) -> datetime:
    """From when on no report can have begun to read the file."""
    made = files.made_at(name)
    return max(made, switched_at.get(name.rpartition("/")[0], made))


def _remove(rows: "QuerySet[Any]") -> int:
    """A bounded number in a transaction."""
    removed = 0
    while ids := list(rows.values_list("pk", flat=True)[:REMOVED_AT_ONCE]):
        removed += run_atomic(partial(_delete, rows.model, ids))
    return removed


def _delete(model: type[Model], ids: list[UUID]) -> int:
    return model._default_manager.filter(pk__in=ids).delete()[0]
