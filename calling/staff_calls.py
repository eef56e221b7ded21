"""What staff see of calls and do with them; each is audited."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDay

from calling.models import Call, CallRefund, Quality
from calling.selectors import call_by_id
from calling.services.interventions import end_by_staff
from calling.states import LIVE
from pairly.accounts.events import ReportMade
from pairly.accounts.models import Report
from pairly.audit.services import look, record
from pairly.core.db import run_atomic
from pairly.core.errors import PermissionDenied, ValidationFailed
from pairly.core.ids import first_id_at, new_id
from pairly.moderation.services.cases import report_cases
from payments.selectors import NamedTransfer, transfers_named

__all__ = [
    "EXPORT_COLUMNS",
    "NOTHING",
    "Moment",
    "Timeline",
    "calls_between",
    "end_call",
    "export_records",
    "flag_call",
    "grouped",
    "live_calls",
    "look_at_timeline",
    "statistics",
]

TIME_TO_DECIDE = timedelta(hours=24)
EXPORTED_AT_ONCE = 500
NOTHING = dict.fromkeys(("calls", "answered", "connected", "seconds", "charged", "given_back"), 0)
EXPORT_COLUMNS = (
    *("id", "caller_id", "callee_id", "media", "status", "end_reason", "created_at"),
    *("accepted_at", "connected_at", "ended_at", "billed_seconds", "credits_per_minute"),
    *("credits", "refunded"),
)


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to a call. ``who`` is caller, callee or empty."""

    at: datetime
    what: str
    who: str = ""
    device_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    call: Call
    moments: list[Moment]
    transfers: list[NamedTransfer]
    quality: list[Quality]
    refunds: list[CallRefund]


def live_calls() -> "QuerySet[Call]":
    return Call.objects.filter(status__in=[one.value for one in LIVE])


def calls_between(
    *, user_id: UUID | None = None, since: datetime | None = None, until: datetime | None = None
) -> "QuerySet[Call]":
    """Of one person or of all, by when they were made; order them by ``-id``."""
    calls = Call.objects.all()
    if user_id is not None:
        calls = calls.filter(Q(caller_id=user_id) | Q(callee_id=user_id))
    if since is not None:
        calls = calls.filter(pk__gte=first_id_at(since))
    if until is not None:
        calls = calls.filter(pk__lt=first_id_at(until))
    return calls


def look_at_timeline(*, call_id: UUID, actor_id: UUID, request_id: str) -> Timeline:
    """All that is known of a call, and the look noted. Raises ``NotFound``."""
    call = call_by_id(call_id)
    look(
        actor_id=actor_id,
        action="call.viewed",
        target_type="call",
        target_id=call_id,
        request_id=request_id,
    )
    return Timeline(
        call=call,
        moments=sorted(_moments(call), key=lambda one: one.at),
        transfers=transfers_named(f"call:{call.pk}:"),
        quality=[
            row
            for user_id in call.people
            for row in Quality.objects.filter(user_id=user_id, call_id=call.pk)
        ],
        refunds=list(CallRefund.objects.filter(call_id=call.pk).order_by("created_at")),
    )


def _moments(call: Call) -> Iterator[Moment]:
    yield Moment(call.created_at, "invited", "caller", call.caller_device_id)
    told = (
        (call.accepted_at, "accepted", "callee", call.callee_device_id),
        (call.caller_media_at, "media reported", "caller", call.caller_device_id),
        (call.callee_media_at, "media reported", "callee", call.callee_device_id),
        (call.connected_at, "active", "", None),
        (call.caller_seen_at, "last sign of life", "caller", call.caller_device_id),
        (
            call.callee_seen_at if call.accepted_at else None,
            "last sign of life",
            "callee",
            call.callee_device_id,
        ),
        (call.ended_at, f"ended: {call.end_reason}", "", None),
    )
    yield from (Moment(at, what, who, device) for at, what, who, device in told if at)


def end_call(*, call_id: UUID, actor_id: UUID, reason: str, now: datetime, request_id: str) -> Call:
    """End a live call for moderation. Raises ``NotFound``, ``Conflict`` if it is over."""

    def end() -> Call:
        before = call_by_id(call_id).status
        call = end_by_staff(call_id=call_id, now=now)
        record(
            actor_id=actor_id,
            action="call.ended",
            target_type="call",
            target_id=call_id,
            reason=reason,
            before={"status": before},
            after={"status": call.status, "end_reason": call.end_reason},
            request_id=request_id,
        )
        return call

    return run_atomic(end)


def flag_call(
    *,
    call_id: UUID,
    user_id: UUID,
    category: str,
    reason: str,
    actor_id: UUID,
    now: datetime,
    request_id: str,
) -> None:
    """Put a call into the moderation queue, for what that person did in it. ``category`` is one of
    ``Report.Reason``. Raises ``NotFound``, ``ValidationFailed`` for who was not in the call."""

    def flag() -> None:
        call = call_by_id(call_id)
        if not call.has(user_id):
            raise ValidationFailed.of("user_id", "invalid", "This person was not in the call.")
        if call.has(actor_id):
            raise PermissionDenied("Nobody flags their own calls.")
        word = ReportMade(
            report_id=new_id(),
            reporter_id=call.peer_of(user_id),  # whose side is taken
            target_type=Report.TargetType.CALL.value,
            target_id=call_id,
            reason=category,
            due_at=now + TIME_TO_DECIDE,
            at=now,
        )
        report_cases([word], now)
        record(
            actor_id=actor_id,
            action="call.flagged",
            target_type="call",
            target_id=call_id,
            reason=reason,
            after={"user_id": str(user_id), "category": category},
            request_id=request_id,
        )

    run_atomic(flag)


def statistics(*, since: datetime, until: datetime) -> dict[str, Any]:
    """Sums of the calls made in that time, by media and how they stand or ended, and by day, as
    ``staff_serializers.StaffCallsStatisticsSerializer`` describes them. Reads that time alone."""
    rows = list(grouped(since, until))
    return {
        "since": since,
        "until": until,
        "groups": list(_summed(rows, ("media", "status", "end_reason"))),
        "days": [{**one, "day": one["day"].date()} for one in _summed(rows, ("day", "media"))],
    }


def grouped(since: datetime, until: datetime) -> "QuerySet[Any, Any]":
    calls = calls_between(since=since, until=until)
    rows = calls.annotate(day=TruncDay("created_at", tzinfo=UTC))
    return rows.values("day", "media", "status", "end_reason").annotate(
        calls=Count("pk"),
        answered=Count("accepted_at"),
        connected=Count("connected_at"),
        seconds=Sum("billed_seconds"),
        charged=Sum("credits"),
        given_back=Sum("refunded"),
    )


def _summed(rows: Iterable[dict[str, Any]], keys: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The rows that are alike in these, in order."""
    sums: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        head = tuple(row[key] for key in keys)
        found = sums.setdefault(head, {**dict(zip(keys, head, strict=True)), **NOTHING})
        for name in NOTHING:
            found[name] += row[name]
    return (sums[head] for head in sorted(sums))


def export_records(
    *,
    actor_id: UUID,
    request_id: str,
    format: str,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[dict[str, Any]]:
    """Every call made in that time, oldest first; noted before the first row."""
    run_atomic(
        lambda: record(
            actor_id=actor_id,
            action="calls.exported",
            target_type="calls",
            target_id="all",
            after={
                "since": since and since.isoformat(),
                "until": until and until.isoformat(),
                "format": format,
            },
            request_id=request_id,
        )
    )
    return _records(since, until)


def _records(since: datetime | None, until: datetime | None) -> Iterator[dict[str, Any]]:
    """Page by page behind the last key, so that no read lasts long."""
    calls = calls_between(since=since, until=until).order_by("id")
    last: UUID | None = None
    while page := list((calls if last is None else calls.filter(pk__gt=last))[:EXPORTED_AT_ONCE]):
        yield from ({name: getattr(call, name) for name in EXPORT_COLUMNS} for call in page)
        last = page[-1].pk
