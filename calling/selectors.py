"""Reads of calls; the ``..._for`` functions are the only way to a call."""

import heapq
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, QuerySet, Sum

from calling.grades import Grade
from calling.models import Call, Media, MetInvite, Quality, Slot
from calling.states import Reason, Status
from pairly.accounts.models import User
from pairly.core.errors import Conflict, NotFound
from pairly.core.ids import first_id_at
from pairly.core.table import Table

__all__ = [
    "Listed",
    "bound_call",
    "call_by_id",
    "call_for",
    "call_of_client_key",
    "callees_of",
    "calls_for",
    "due_calls",
    "grades_of",
    "has_call",
    "listed",
    "ringing_among",
    "statistics_of",
    "talking",
]


SLOTS = Table(Slot, "user_id", "call_id")
STATUSES = Table(Call, "id", "status")


@dataclass(frozen=True, slots=True)
class Listed:
    """A call in the history of one of the two, and the other one."""

    call: Call
    viewer_id: UUID
    peer: User

    @property
    def id(self) -> UUID:
        return self.call.id


def call_by_id(call_id: UUID) -> Call:
    """Anybody's. Raises ``NotFound``."""
    call = Call.objects.filter(pk=call_id).first()
    if call is None:
        raise NotFound("There is no such call.")
    return call


def call_for(user_id: UUID, call_id: UUID) -> Call:
    """Raises ``NotFound`` alike for what is absent and for calls of others."""
    call = call_by_id(call_id)
    if not call.has(user_id):
        raise NotFound("There is no such call.")
    return call


def has_call(user_id: UUID, call_id: UUID) -> bool:
    """Whether this is a call of theirs."""
    call = Call.objects.filter(pk=call_id).first()
    return call is not None and call.has(user_id)


def bound_call(user_id: UUID, device_id: UUID, call_id: UUID) -> Call:
    """A live call that this device is in, or, while it rings for it, may come to be in. Raises
    ``NotFound``, or ``Conflict`` if it is over or on another device of this person."""
    call = call_for(user_id, call_id)
    if not call.is_live:
        raise Conflict("This call is over.")
    if call.device_of(user_id) not in (device_id, None):
        raise Conflict("This call is on another device.")
    return call


def call_of_client_key(key: str) -> Call | None:
    """The call that this invite made, or met and accepted."""
    made = Call.objects.filter(client_key=key).first()
    if made is not None:
        return made
    met = MetInvite.objects.filter(pk=key).first()
    return None if met is None else call_by_id(met.call_id)


def callees_of(call_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Who was called, by call; the unknown are left out."""
    found = Call.objects.filter(pk__in=list(call_ids))
    return dict(found.values_list("pk", "callee_id"))


def ringing_among(call_ids: Collection[UUID]) -> set[UUID]:
    """Those of the calls that nobody has answered or ended. One bulk read."""
    return {row[0] for row in STATUSES.select("id", call_ids) if row[1] == Status.RINGING}


def talking(user_ids: Collection[UUID]) -> set[UUID]:
    """Those of the people who are in a call that both sides have media of. Two bulk reads."""
    calls = {row[0]: row[1] for row in SLOTS.select("user_id", user_ids) if row[1] is not None}
    active = {
        row[0] for row in STATUSES.select("id", set(calls.values())) if row[1] == Status.ACTIVE
    }
    return {user_id for user_id, call_id in calls.items() if call_id in active}


def grades_of(call_ids: Collection[UUID]) -> list[tuple[UUID, UUID, str]]:
    """The call, who reported, and the grade of all their reports so far."""
    reported = Quality.objects.filter(call_id__in=list(call_ids))
    return list(reported.values_list("call_id", "user_id", "grade"))


def due_calls(statuses: Iterable[Status], now: datetime, limit: int) -> list[UUID]:
    """Whose time to be looked after has come, of each status the longest overdue first."""
    return [
        call_id
        for status in statuses
        for call_id in due_in(status, now).values_list("pk", flat=True)[:limit]
    ]


def due_in(status: Status, now: datetime) -> "QuerySet[Call]":
    return Call.objects.filter(status=status.value, due_at__lte=now).order_by("due_at")


def calls_for(user_id: UUID, *, before: UUID | None, limit: int) -> list[Listed]:
    """A person's calls, newest first, older than that one. An index read for each side, merged."""
    sides = [list(made_by(side, user_id, before)[:limit]) for side in ("caller", "callee")]
    merged: Iterable[Call] = heapq.merge(*sides, key=lambda call: call.id, reverse=True)
    return listed(list(islice(merged, limit)), user_id)


def made_by(side: str, user_id: UUID, before: UUID | None) -> "QuerySet[Call]":
    calls = Call.objects.filter(**{f"{side}_id": user_id})
    if before is not None:
        calls = calls.filter(pk__lt=before)
    return calls.order_by("-id")


def listed(calls: Sequence[Call], viewer_id: UUID) -> list[Listed]:
    """With the other ones, in one query."""
    peers = User.objects.in_bulk({call.peer_of(viewer_id) for call in calls})
    return [Listed(call, viewer_id, peers[call.peer_of(viewer_id)]) for call in calls]


def statistics_of(user_id: UUID, now: datetime) -> dict[str, Any]:
    """What a person's calls of the last ``CALL_STATISTICS_DAYS`` come to, as
    ``serializers.StatisticsSerializer`` describes it."""
    days: int = settings.CALL_STATISTICS_DAYS
    since = first_id_at(now - timedelta(days=days))
    made, received = (
        _sums(Call.objects.filter(**{f"{side}_id": user_id}, pk__gte=since))
        for side in ("caller", "callee")
    )
    quality = dict.fromkeys(Grade.values, 0)
    reported = Quality.objects.filter(user_id=user_id, call_id__gte=since).values("grade")
    quality |= {row["grade"]: row["calls"] for row in reported.annotate(calls=Count("pk"))}
    return {"days": days, "made": made, "received": received, "quality": quality}


def _sums(calls: "QuerySet[Call]") -> dict[str, Any]:
    rows = calls.filter(status=Status.ENDED.value).values("end_reason", "media")
    sums: dict[str, Any] = {
        "calls": 0,
        "answered": 0,
        "missed": 0,
        "seconds": 0,
        "credits": 0,
        "by_media": dict.fromkeys(Media.values, 0),
        "by_reason": dict.fromkeys(Reason.values, 0),
    }
    for row in rows.annotate(
        calls=Count("pk"),
        answered=Count("accepted_at"),
        seconds=Sum("billed_seconds"),
        spent=Sum("credits"),
    ):
        sums["calls"] += row["calls"]
        sums["answered"] += row["answered"]
        sums["seconds"] += row["seconds"]
        sums["credits"] += row["spent"]
        sums["by_media"][row["media"]] += row["calls"]
        sums["by_reason"][row["end_reason"]] += row["calls"]
    sums["missed"] = sums["by_reason"][Reason.MISSED]
    return sums
