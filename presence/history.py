"""The past, written by the sweeper in bulk: visits that are over, and who was last seen when."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError

from pairly.accounts.models import Device, User
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.table import Row, Table
from presence.models import Count, DeviceKind, PastVisit, Presence
from presence.status import Mode, Visit
from presence.stores.chosen import store

__all__ = ["count_people", "forget", "forget_old", "kinds_of", "write_down"]

PRESENCES = Table(Presence, "user_id", "mode", "last_seen_at")
PAST_VISITS = Table(PastVisit, "id", "user_id", "device_kind", "started_at", "ended_at")
PEOPLE = Table(User, "id", "deleted_at")
DEVICES = Table(Device, "id", "user_agent", "name")
REMOVED_AT_ONCE_MAX = 1000
KINDS = (
    ("android", DeviceKind.ANDROID),
    ("iphone", DeviceKind.IOS),
    ("ipad", DeviceKind.IOS),
    ("ios", DeviceKind.IOS),
    ("mozilla/", DeviceKind.WEB),
)


def write_down(over: Mapping[UUID, Sequence[Visit]], seen: Mapping[UUID, int]) -> None:
    """Write visits that are over, and when people were last seen. Again it changes nothing; of who
    is deleted or unknown, as after a restored backup, nothing is written."""
    visits = {UUID(hex=v.id): (user_id, v) for user_id, ended in over.items() for v in ended}
    if not visits and not seen:
        return
    try:
        run_atomic(lambda: _write_down(visits, seen))
    except IntegrityError:  # Another sweeper wrote the same at the same moment.
        run_atomic(lambda: _write_down(visits, seen))


def _write_down(visits: Mapping[UUID, tuple[UUID, Visit]], seen: Mapping[UUID, int]) -> None:
    people = {user_id for user_id, _visit in visits.values()} | seen.keys()
    wanted = {row[0] for row in PEOPLE.select("id", people) if row[1] is None}
    known = {row[0] for row in PAST_VISITS.select("id", visits)}
    new = {
        visit_id: (user_id, visit)
        for visit_id, (user_id, visit) in visits.items()
        if visit_id not in known and user_id in wanted
    }
    kinds = kinds_of({visit.device_id for _user_id, visit in new.values()})
    PAST_VISITS.insert(
        [_past(visit_id, user_id, visit, kinds) for visit_id, (user_id, visit) in new.items()]
    )
    _write_last_seen({user_id: at for user_id, at in seen.items() if user_id in wanted})


def kinds_of(device_ids: Collection[UUID]) -> dict[UUID, DeviceKind]:
    """By what they said of themselves when they signed in. One query."""
    return {
        device_id: _kind(f"{user_agent} {name}".lower())
        for device_id, user_agent, name in DEVICES.select("id", device_ids)
    }


def _kind(words: str) -> DeviceKind:
    return next((kind for word, kind in KINDS if word in words), DeviceKind.OTHER)


def _past(visit_id: UUID, user_id: UUID, visit: Visit, kinds: Mapping[UUID, DeviceKind]) -> Row:
    kind = kinds.get(visit.device_id, DeviceKind.OTHER)
    times = (clock.from_milliseconds(at) for at in (visit.since, visit.alive_until))
    return (visit_id, user_id, kind.value, *times)


def _write_last_seen(seen: Mapping[UUID, int]) -> None:
    """Where it is later than what is written, and not of the invisible."""
    times = {user_id: clock.from_milliseconds(at) for user_id, at in seen.items()}
    rows = PRESENCES.select("user_id", seen)
    new = times.keys() - {row[0] for row in rows}
    PRESENCES.insert([(user_id, Mode.AUTO.value, times[user_id]) for user_id in new])
    PRESENCES.compare_and_set(
        "user_id",
        expected=("mode",),
        new=("last_seen_at",),
        rows=[
            (user_id, mode, times[user_id])
            for user_id, mode, before in rows
            if mode != Mode.INVISIBLE and (before is None or before < times[user_id])
        ],
    )


def count_people(now: datetime) -> None:
    """Note how many people are here, once a minute whoever asks."""
    minute = now.replace(second=0, microsecond=0)
    counts = {status.value: number for status, number in store().counts().items()}
    if Count.objects.filter(pk=minute).exists():
        return
    with suppress(IntegrityError):  # Another one counted first.
        Count.objects.create(at=minute, **counts)


def forget_old(now: datetime) -> int:
    """Delete what is older than ``PRESENCE_HISTORY_DAYS``, in bounded steps; how much."""
    horizon, removed = now - timedelta(days=settings.PRESENCE_HISTORY_DAYS), 0
    visits, counts = PastVisit.objects.all(), Count.objects.all()
    while old := list(visits.filter(ended_at__lt=horizon)[:REMOVED_AT_ONCE_MAX]):
        removed += visits.filter(pk__in=[visit.pk for visit in old]).delete()[0]
    while gone := list(counts.filter(at__lt=horizon)[:REMOVED_AT_ONCE_MAX]):
        removed += counts.filter(pk__in=[count.pk for count in gone]).delete()[0]
    return removed


def forget(user_id: UUID) -> None:
    """A person leaves for good. Inside the transaction of that."""
    PastVisit.objects.filter(user_id=user_id).delete()
    Presence.objects.filter(pk=user_id).delete()
