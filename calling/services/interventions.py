"""Calls that end because of what happens to people: a block, a suspension, staff."""

from datetime import datetime
from uuid import UUID

from calling import clock, slots
from calling.models import Call
from calling.selectors import call_by_id
from calling.services.desk import Desk
from calling.services.endings import finish
from calling.services.progress import catch_up
from calling.states import Reason, Status, check_ending

__all__ = ["end_by_staff", "end_calls_between", "end_calls_of"]


def end_by_staff(*, call_id: UUID, now: datetime | None = None) -> Call:
    """End a call because staff say so. Inside their audited transaction. Raises ``NotFound``, or
    ``Conflict`` if it is over."""
    call = call_by_id(call_id)
    check_ending(Reason.MODERATION, call.status)
    _end(call, Reason.MODERATION, now or clock.now())
    return call


def end_calls_between(*, one_id: UUID, other_id: UUID) -> None:
    """They shall not talk any more: inside the transaction that says so. No call of the two can
    begin meanwhile unnoticed."""
    for call in _live_calls([one_id, other_id]):
        if set(call.people) == {one_id, other_id}:
            _end(call, Reason.BLOCKED, clock.now())


def end_calls_of(*, user_id: UUID, leaves: bool) -> None:
    """This person may not call any more, or leaves for good, which is like hanging up: inside the
    transaction that says so."""
    for call in _live_calls([user_id]):
        reason = _hanging_up(call, user_id) if leaves else Reason.MODERATION
        _end(call, reason, clock.now(), ended_by=user_id if leaves else None)


def _live_calls(user_ids: list[UUID]) -> list[Call]:
    return list(Call.objects.filter(pk__in=slots.touch(user_ids)))


def _hanging_up(call: Call, user_id: UUID) -> Reason:
    if call.status != Status.RINGING:
        return Reason.COMPLETED
    return Reason.CANCELLED if user_id == call.caller_id else Reason.DECLINED


def _end(call: Call, reason: Reason, now: datetime, ended_by: UUID | None = None) -> None:
    """Unless its time was over anyway."""
    desk = Desk(now)
    catch_up(call, desk)
    if call.is_live:
        finish(call, reason, at=now, desk=desk, ended_by=ended_by)
    desk.write()
