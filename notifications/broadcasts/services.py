"""Writing a broadcast, letting it go out, and stopping it."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from notifications.broadcasts.models import BROADCAST_KINDS, Broadcast
from notifications.broadcasts.segments import Segment
from notifications.preferences.selectors import preferences_of
from notifications.services.telling import Wish, notify
from pairly.approvals import registry
from pairly.approvals import services as approvals
from pairly.approvals.models import Approval
from pairly.audit.services import record
from pairly.core import clock
from pairly.core.db import change_one, run_atomic
from pairly.core.errors import Conflict, NotFound, ValidationFailed
from pairly.core.ids import new_id

__all__ = ["register_approvals", "request_broadcast", "send_due", "stop_broadcast"]

APPROVAL_KIND = "broadcast"
PEOPLE_AT_ONCE_MAX = 500
LEASE = timedelta(seconds=60)

State = Broadcast.State


def request_broadcast(
    *,
    kind: str,
    title: str,
    body: str,
    segment: Segment,
    actor_id: UUID,
    reason: str,
    title_hi: str = "",
    body_hi: str = "",
    per_minute: int | None = None,
    request_id: str = "",
) -> Broadcast:
    """Ask a second person to let a text go out. Raises ``ValidationFailed``."""
    now = clock.now()
    most: int = settings.BROADCAST_PEOPLE_PER_MINUTE_MAX
    per_minute = most if per_minute is None else per_minute
    _check(kind, title, body, title_hi, body_hi, reason, per_minute, most)
    broadcast = Broadcast(
        kind=kind,
        title=title,
        body=body,
        title_hi=title_hi,
        body_hi=body_hi,
        per_minute=per_minute,
        people=segment.count(now),
        reason=reason,
        created_by=actor_id,
        created_at=now,
        **asdict(segment),
    )

    def ask() -> Broadcast:
        broadcast.save(force_insert=True)
        approvals.request(
            kind=APPROVAL_KIND,
            target_type="broadcast",
            target_id=broadcast.pk,
            payload={"kind": kind, "title": title, "body": body, "people": broadcast.people},
            reason=reason,
            actor_id=actor_id,
            now=now,
            request_id=request_id,
        )
        return broadcast

    return run_atomic(ask)


def _check(
    kind: str,
    title: str,
    body: str,
    title_hi: str,
    body_hi: str,
    reason: str,
    per_minute: int,
    most: int,
) -> None:
    if kind not in BROADCAST_KINDS:
        raise ValidationFailed.of("kind", "invalid", f"One of: {', '.join(BROADCAST_KINDS)}.")
    for field, text in (("title", title), ("body", body), ("reason", reason)):
        if not text.strip():
            raise ValidationFailed.of(field, "required", "This may not be empty.")
    if bool(title_hi.strip()) != bool(body_hi.strip()):
        raise ValidationFailed.of("body_hi", "required", "Give both in Hindi, or neither.")
    if not 1 <= per_minute <= most:
        raise ValidationFailed.of("per_minute", "invalid", f"From 1 to {most} people a minute.")


def register_approvals() -> None:
    """Let a second person decide about broadcasts; called when the app starts."""
    registry.register(
        kind=APPROVAL_KIND,
        permission="notifications.broadcast",
        title="Send a broadcast",
        execute=_begin,
        on_reject=_drop,
    )


def _begin(approval: Approval, now: datetime) -> None:
    _decide(approval, state=State.SENDING, due_at=now)


def _drop(approval: Approval, now: datetime) -> None:
    _decide(approval, state=State.DROPPED, ended_at=now)


def _decide(approval: Approval, **values: Any) -> None:
    waiting = Broadcast.objects.filter(pk=UUID(approval.target_id), state=State.WAITING)
    if not change_one(waiting, **values):
        raise Conflict("This broadcast no longer waits.")


def stop_broadcast(
    *, broadcast_id: UUID, actor_id: UUID, reason: str, request_id: str = ""
) -> Broadcast:
    """Tell nobody more. Raises ``NotFound``, ``Conflict`` unless it is going out,
    ``ValidationFailed`` without a reason."""
    if not reason.strip():
        raise ValidationFailed.of("reason", "required", "Say why.")

    def stop() -> Broadcast:
        broadcast = Broadcast.objects.filter(pk=broadcast_id).first()
        if broadcast is None:
            raise NotFound
        going = Broadcast.objects.filter(pk=broadcast_id, state=State.SENDING)
        ended = {"state": State.STOPPED, "due_at": None, "claim": None}
        if not change_one(going, ended_at=clock.now(), **ended):
            raise Conflict("It is not going out.")
        record(
            actor_id=actor_id,
            action="broadcast.stopped",
            target_type="broadcast",
            target_id=broadcast_id,
            reason=reason,
            before={"state": State.SENDING},
            after={"state": State.STOPPED, "told": broadcast.told},
            request_id=request_id,
        )
        return Broadcast.objects.get(pk=broadcast_id)

    return run_atomic(stop)


def send_due(now: datetime) -> int:
    """Tell the next people of every broadcast that is due; how many were told."""
    due = Broadcast.objects.filter(due_at__lte=now).order_by("due_at")
    return sum(_send_some(broadcast, now) for broadcast in due)


def _send_some(broadcast: Broadcast, now: datetime) -> int:
    token = new_id()
    seen = Broadcast.objects.filter(pk=broadcast.pk, state=State.SENDING, due_at=broadcast.due_at)
    if not run_atomic(lambda: change_one(seen, claim=token, due_at=now + LEASE)):
        return 0
    limit = min(broadcast.per_minute, PEOPLE_AT_ONCE_MAX)
    people = _segment_of(broadcast).next_after(broadcast.last_user_id, now, limit)
    notify(list(_wishes(broadcast, people)), now=now)
    held = Broadcast.objects.filter(pk=broadcast.pk, state=State.SENDING, claim=token)
    values: dict[str, Any] = {"claim": None, "told": broadcast.told + len(people)}
    if people:
        values["last_user_id"] = people[-1]
    if len(people) < limit:
        values |= {"state": State.DONE, "due_at": None, "ended_at": now}
    else:
        values["due_at"] = now + timedelta(minutes=1) * len(people) / broadcast.per_minute
    run_atomic(lambda: change_one(held, **values))
    return len(people)


def _segment_of(broadcast: Broadcast) -> Segment:
    return Segment(
        country=broadcast.country,
        min_age=broadcast.min_age,
        max_age=broadcast.max_age,
        active_days=broadcast.active_days,
    )


def _wishes(broadcast: Broadcast, people: Any) -> Any:
    wishes = preferences_of(people)
    for user_id in people:
        is_hindi = wishes[user_id].language == "hi" and broadcast.title_hi
        words = (broadcast.title_hi, broadcast.body_hi) if is_hindi else ()
        title, body = words or (broadcast.title, broadcast.body)
        yield Wish(
            user_id=user_id,
            kind=broadcast.kind,
            dedupe_key=str(broadcast.pk),
            context={"title": title, "body": body},
            data={"broadcast_id": str(broadcast.pk)},
        )
