"""Signs of life: every few seconds from either side of every call, so written many at once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from calling import clock
from calling.models import Call
from calling.services.desk import Desk
from calling.services.progress import catch_up, is_silent
from calling.states import Command, Status, check
from pairly.core.errors import Conflict, NotFound, PairlyError
from pairly.core.table import Table
from pairly.realtime.frames import HeartbeatResult
from pairly.realtime.selectors import heartbeat_positions

__all__ = ["Heartbeat", "take_heartbeats"]

SIGNS = Table(Call, "id", "version", "caller_seen_at", "callee_seen_at", "due_at")


class Heartbeat(msgspec.Struct, frozen=True):
    user_id: UUID
    device_id: UUID
    call_id: UUID


def take_heartbeats(requests: Sequence[Heartbeat]) -> list[HeartbeatResult | PairlyError]:
    """Note that these devices are in their calls: one read and one write for all of them.

    Refusals: ``NotFound``, ``Conflict`` (the call is over, not answered yet, or on another device
    of this person), ``NotAuthenticated``. One that comes after the grace revives nothing.
    """
    now = clock.now()
    calls = Call.objects.in_bulk({request.call_id for request in requests})
    for call in calls.values():
        if call.status == Status.ACTIVE and is_silent(call, now):
            _catch_up(call, now)
    stored = {call_id: _signs(call) for call_id, call in calls.items()}
    refusals = [_note(calls.get(request.call_id), request, now) for request in requests]
    SIGNS.compare_and_set(
        "id",
        expected=("version",),
        new=("version", "caller_seen_at", "callee_seen_at", "due_at"),
        rows=[
            (call_id, call.version, call.version + 1, *_signs(call))
            for call_id, call in calls.items()
            if _signs(call) != stored[call_id]
        ],
    )
    positions = heartbeat_positions([(one.user_id.hex, one.device_id.hex) for one in requests])
    return [
        refusal or (position if isinstance(position, PairlyError) else HeartbeatResult(position))
        for refusal, position in zip(refusals, positions, strict=True)
    ]


def _catch_up(call: Call, now: datetime) -> None:
    desk = Desk(now)
    catch_up(call, desk)
    desk.write()


def _signs(call: Call) -> tuple[datetime, datetime, datetime | None]:
    return call.caller_seen_at, call.callee_seen_at, call.due_at


def _note(call: Call | None, request: Heartbeat, now: datetime) -> PairlyError | None:
    """Set the sign of life on the call in memory; what it is refused with."""
    if call is None or not call.has(request.user_id):
        return NotFound("There is no such call.")
    side = call.side_of(request.user_id)
    try:
        check(Command.HEARTBEAT, call.status, is_caller=side == "caller")
    except Conflict as refusal:
        return refusal
    if call.device_of(request.user_id) != request.device_id:
        return Conflict("This call is on another device.")
    setattr(call, f"{side}_seen_at", max(getattr(call, f"{side}_seen_at"), now))
    if call.status == Status.ACTIVE and _begins_a_minute(call):
        call.due_at = min(call.due_at or now, now)
    return None


def _begins_a_minute(call: Call) -> bool:
    """Whether there is now something to be charged, which a sweeper does at once."""
    return call.credits_per_minute > 0 and call.charged_minutes < call.tariff.full_minutes(
        call.talked(call.seen_at)
    )
