"""Calling somebody: everything is checked before anything rings."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings

from calling import reach, slots
from calling.errors import Busy
from calling.events import CallRinging
from calling.models import Call, MetInvite, Slot, client_key
from calling.schemas import CallView, IncomingData, call_view, person_view, quote_of
from calling.selectors import call_of_client_key
from calling.services import billing
from calling.services.answers import accept_call
from calling.services.desk import CallResult, Desk, one_by_one
from calling.services.progress import catch_up
from calling.states import Status
from pairly.accounts.models import User
from pairly.accounts.selectors import is_blocked_between, standings_of
from pairly.core import clock
from pairly.core.errors import ClientIdConflict, PermissionDenied, Unavailable, ValidationFailed
from pairly.core.ids import new_id
from pairly.outbox.services import emit
from pairly.realtime.frames import Origin
from payments.pricing.price_list import call_rate

__all__ = ["Invite", "check_invite", "invite_calls"]


class Invite(msgspec.Struct, frozen=True):
    """A checked wish to call; build it with ``check_invite``."""

    caller_id: UUID
    device_id: UUID
    callee_id: UUID
    media: str
    client_id: str
    origin: Origin | None = None

    @property
    def key(self) -> str:
        return client_key(self.caller_id, self.client_id)


def check_invite(
    *,
    caller_id: UUID,
    device_id: UUID,
    callee_id: UUID,
    media: str,
    client_id: str,
    origin: Origin | None = None,
) -> Invite:
    """Check what needs no database. Raises ``ValidationFailed``."""
    if not client_id.isprintable():
        raise ValidationFailed.of("client_id", "invalid", "The client_id is not plain text.")
    return Invite(caller_id, device_id, callee_id, media, client_id, origin)


def _invite(request: Invite, desk: Desk) -> CallResult:
    """Begin a call and ring every device of the callee.

    A repeat gives the first call. Who calls somebody that is calling them accepts that call, with
    its media. Refusals leave nothing behind, the client_id included: ``ClientIdConflict``,
    ``PermissionDenied``, ``Unavailable`` (oneself, unknown, blocked, suspended, deleted, and nobody
    to ring, all alike), ``Busy``, ``InsufficientCredits``, ``SpendingFrozen``.
    """
    first = call_of_client_key(request.key)
    if first is not None:
        return _repeat(request, first, desk)
    _check_people(request, desk.now)
    people = (request.caller_id, request.callee_id)
    theirs = slots.read_slots(people)
    if _catch_up_calls(theirs.values(), desk):
        theirs = slots.read_slots(people)
    met = _met_call(request, theirs)
    if met is not None:
        MetInvite(client_key=request.key, call_id=met.pk).save(force_insert=True)
        return accept_call(met, request.device_id, desk, ack=_invite_ack)
    for slot in theirs.values():
        if slot.call_id is not None:
            raise Busy(_whose(slot, request))
    if not reach.can_be_rung(request.callee_id):
        raise Unavailable
    return _ring(request, theirs.values(), desk)


invite_calls = one_by_one(_invite)


def _repeat(request: Invite, first: Call, desk: Desk) -> CallResult:
    same_people = first.has(request.callee_id) and request.caller_id != request.callee_id
    # What met another call took that one's media.
    same_media = first.client_key != request.key or first.media == request.media
    if not (same_people and same_media):
        raise ClientIdConflict
    return desk.repeat(first, request.caller_id, _invite_ack)


def _check_people(request: Invite, now: datetime) -> None:
    """One answer for whatever makes it impossible that it rings, so that nobody learns which. What
    the shadow restricted do reaches nobody."""
    caller_id, callee_id = request.caller_id, request.callee_id
    standings = standings_of({caller_id, callee_id}, now)
    if caller_id not in standings.active:
        raise PermissionDenied("This account may not call.")
    if caller_id == callee_id or callee_id not in standings.active:
        raise Unavailable
    if caller_id in standings.shadowed or is_blocked_between(caller_id, callee_id):
        raise Unavailable


def _catch_up_calls(theirs: Collection[Slot], desk: Desk) -> bool:
    """End the calls of these people whose time is over; whether there was any call."""
    call_ids = {slot.call_id for slot in theirs if slot.call_id is not None}
    for call in Call.objects.filter(pk__in=call_ids):
        catch_up(call, desk)
    return bool(call_ids)


def _met_call(request: Invite, theirs: dict[UUID, Slot]) -> Call | None:
    """The call in which the other one is just calling back."""
    call_id = theirs[request.caller_id].call_id
    if call_id is None or call_id != theirs[request.callee_id].call_id:
        return None
    return Call.objects.filter(
        pk=call_id, status=Status.RINGING.value, caller_id=request.callee_id
    ).first()


def _whose(slot: Slot, request: Invite) -> str:
    if slot.user_id == request.caller_id:
        return "You are in another call."
    return "This person is in another call."


def _ring(request: Invite, theirs: Collection[Slot], desk: Desk) -> CallResult:
    now = desk.now
    expires_at = now + timedelta(seconds=settings.RING_TIMEOUT_SECONDS)
    call = Call(
        id=new_id(),
        caller_id=request.caller_id,
        callee_id=request.callee_id,
        client_key=request.key,
        media=request.media,
        status=Status.RINGING.value,
        credits_per_minute=call_rate(request.media, now),
        minute_seconds=settings.BILLING_MINUTE_SECONDS,
        increment_seconds=settings.BILLING_INCREMENT_SECONDS,
        share_percent=settings.CALL_CALLEE_SHARE_PERCENT,
        caller_device_id=request.device_id,
        created_at=now,
        caller_seen_at=now,
        callee_seen_at=now,
        due_at=expires_at,
    )
    call.held_minutes = billing.hold_first(call, desk)
    call.save(force_insert=True)
    slots.take(theirs, call.pk)
    desk.tell_state_to(call, call.caller_id)
    desk.tell(call.callee_id, "call.incoming", _incoming(call, expires_at))
    emit(
        CallRinging(
            call_id=call.pk,
            caller_id=call.caller_id,
            callee_id=call.callee_id,
            media=call.media,
            expires_at=expires_at,
            at=now,
        )
    )
    return desk.answer(call, call.caller_id, _invite_ack)


def _incoming(call: Call, expires_at: datetime) -> IncomingData:
    caller = User.objects.get(pk=call.caller_id)
    view = call_view(call, call.callee_id)
    person = person_view(caller, call.created_at)
    return IncomingData(view, person, quote_of(call), clock.to_rfc3339(expires_at))


def _invite_ack(view: CallView) -> dict[str, Any]:
    return {"call": view, "quote": view.quote}
