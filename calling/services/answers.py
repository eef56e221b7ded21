"""What the two do with a call: accept, decline, cancel, end, join, report media."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings

from calling.events import CallConnected
from calling.models import Call
from calling.selectors import call_for
from calling.services.desk import CallResult, Desk, change, one_by_one
from calling.services.endings import finish
from calling.services.kept import send_again
from calling.services.progress import advance, catch_up
from calling.states import Command, Reason, Status, check
from pairly.core.errors import Conflict
from pairly.outbox.services import emit
from pairly.realtime.frames import Origin

__all__ = [
    "CallWish",
    "accept_call",
    "accept_calls",
    "cancel_calls",
    "decline_calls",
    "end_calls",
    "join_calls",
    "report_media",
]


class CallWish(msgspec.Struct, frozen=True):
    """What somebody, on some device, wants of a call. ``connected`` is for media."""

    user_id: UUID
    device_id: UUID
    call_id: UUID
    origin: Origin | None = None
    connected: bool = True


def _accept(wish: CallWish, desk: Desk) -> CallResult:
    """Answer a call on this device; the callee's other devices stop ringing. Again on the same
    device is a repeat."""
    call = _current(wish, desk)
    is_callee = wish.user_id == call.callee_id
    if is_callee and call.accepted_at and call.is_live and call.callee_device_id == wish.device_id:
        return desk.repeat(call, wish.user_id)
    check(Command.ACCEPT, call.status, is_caller=not is_callee)
    return accept_call(call, wish.device_id, desk)


def accept_call(
    call: Call,
    device_id: UUID,
    desk: Desk,
    *,
    ack: Callable[[Any], Any] | None = None,
) -> CallResult:
    """Let the callee answer a ringing call on that device."""
    change(
        call,
        status=Status.ACCEPTED.value,
        callee_device_id=device_id,
        accepted_at=desk.now,
        callee_seen_at=desk.now,
        due_at=desk.now + timedelta(seconds=settings.CALL_MEDIA_TIMEOUT_SECONDS),
    )
    desk.tell_state(call)
    desk.tell_elsewhere(call, call.callee_id, except_device_id=device_id)
    send_again(call, call.callee_id, desk)
    return desk.answer(call, call.callee_id, ack)


def _decline(wish: CallWish, desk: Desk) -> CallResult:
    """Do not take a call; all devices stop ringing."""
    return _ended(wish, desk, Command.DECLINE, Reason.DECLINED)


def _cancel(wish: CallWish, desk: Desk) -> CallResult:
    """Stop calling before the other one answers."""
    return _ended(wish, desk, Command.CANCEL, Reason.CANCELLED)


def _end(wish: CallWish, desk: Desk) -> CallResult:
    """Hang up, from any device of either."""
    return _ended(wish, desk, Command.END, Reason.COMPLETED)


def _ended(wish: CallWish, desk: Desk, command: Command, reason: Reason) -> CallResult:
    """Who ended it so before has but sent it again."""
    call = _current(wish, desk)
    if call.end_reason == reason and call.ended_by_id == wish.user_id:
        return desk.repeat(call, wish.user_id)
    check(command, call.status, is_caller=wish.user_id == call.caller_id)
    finish(call, reason, at=desk.now, desk=desk, ended_by=wish.user_id)
    return desk.answer(call, wish.user_id)


def _join(wish: CallWish, desk: Desk) -> CallResult:
    """Be the device of one's side from now on: after a reconnect, or instead of another device,
    which is told that the call is elsewhere, and whose media are not this one's."""
    call = _current(wish, desk)
    check(Command.JOIN, call.status, is_caller=wish.user_id == call.caller_id)
    side, before = call.side_of(wish.user_id), call.device_of(wish.user_id)
    if before == wish.device_id:
        _note_sign(call, side, desk)
        send_again(call, wish.user_id, desk)
        return desk.repeat(call, wish.user_id)
    changes: dict[str, Any] = {f"{side}_device_id": wish.device_id}
    if call.status == Status.ACCEPTED:
        changes[f"{side}_media_at"] = None
    _note_sign(call, side, desk, **changes)
    send_again(call, wish.user_id, desk)
    desk.tell_state_to(call, wish.user_id)
    desk.tell_elsewhere(call, wish.user_id, device_id=before)
    return desk.answer(call, wish.user_id)


def _media(wish: CallWish, desk: Desk) -> CallResult:
    """Say whether media are there. When both have them the call is active, and its first minute
    begins; losing them later is but a sign of life."""
    call = _current(wish, desk)
    check(Command.MEDIA, call.status, is_caller=wish.user_id == call.caller_id)
    _check_device(call, wish)
    side = call.side_of(wish.user_id)
    changes = {}
    if call.status == Status.ACCEPTED:
        changes = {f"{side}_media_at": desk.now if wish.connected else None}
    _note_sign(call, side, desk, **changes)
    if call.status == Status.ACCEPTED and call.caller_media_at and call.callee_media_at:
        _connect(call, desk)
        return desk.answer(call, wish.user_id)
    return desk.repeat(call, wish.user_id)


def _connect(call: Call, desk: Desk) -> None:
    """Both are there: that is a sign of life of either, and the clock of billing starts."""
    now = desk.now
    change(
        call,
        status=Status.ACTIVE.value,
        connected_at=now,
        caller_seen_at=now,
        callee_seen_at=now,
    )
    advance(call, desk)
    desk.tell_state(call)
    emit(CallConnected(call.pk, call.caller_id, call.callee_id, call.media, now))


accept_calls = one_by_one(_accept)
decline_calls = one_by_one(_decline)
cancel_calls = one_by_one(_cancel)
end_calls = one_by_one(_end)
join_calls = one_by_one(_join)
report_media = one_by_one(_media)


def _current(wish: CallWish, desk: Desk) -> Call:
    """The call as time has left it. Raises ``NotFound``."""
    call = call_for(wish.user_id, wish.call_id)
    catch_up(call, desk)
    return call


def _check_device(call: Call, wish: CallWish) -> None:
    if call.device_of(wish.user_id) != wish.device_id:
        raise Conflict("This call is on another device.")


def _note_sign(call: Call, side: str, desk: Desk, **changes: Any) -> None:
    """Whatever a device in the call does is a sign of life, and none goes back."""
    seen = f"{side}_seen_at"
    change(call, **changes, **{seen: max(getattr(call, seen), desk.now)})
