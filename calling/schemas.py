"""Wire shapes of calls: decoded, validated, encoded and documented by the same structures."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec

from calling.models import CLIENT_ID_CHARACTERS_MAX, Call
from pairly.accounts.models import User
from pairly.accounts.serializers import photo_url
from pairly.core import clock
from pairly.realtime.frames import register_event

__all__ = [
    "ANSWERED_ELSEWHERE",
    "BalanceLowData",
    "CallAck",
    "CallChargedData",
    "CallCommand",
    "CallEndedData",
    "CallStateData",
    "CallView",
    "HeartbeatAck",
    "IncomingData",
    "InviteAck",
    "InviteCommand",
    "MediaCommand",
    "PersonView",
    "Quote",
    "SignalAck",
    "SignalCommand",
    "SignalData",
    "SignalKind",
    "call_view",
    "person_view",
]

ANSWERED_ELSEWHERE: Final = "answered_elsewhere"
"""For the devices of a person that are not in the call; never a call's own end reason."""

ClientId = Annotated[str, msgspec.Meta(min_length=1, max_length=CLIENT_ID_CHARACTERS_MAX)]
MediaName = Literal["audio", "video"]
StatusName = Literal["ringing", "accepted", "active", "ended"]
SignalKind = Literal["offer", "answer", "candidate", "restart"]
ReasonName = Literal[
    "completed",
    "declined",
    "cancelled",
    "missed",
    "failed",
    "dropped",
    "no_credit",
    "blocked",
    "moderation",
]


class Quote(msgspec.Struct):
    """What a minute costs, for this call for good; ``minute_seconds`` is 60 but in trials."""

    credits_per_minute: int
    increment_seconds: int
    minute_seconds: int


class CallView(msgspec.Struct):
    """A call as one of the two sees it: ``device_id`` is the device of theirs that is in it.
    Times are RFC 3339; ``credits`` is what the caller was charged so far."""

    id: UUID
    caller_id: UUID
    callee_id: UUID
    media: MediaName
    status: StatusName
    end_reason: ReasonName | None
    quote: Quote
    created_at: str
    accepted_at: str | None
    connected_at: str | None
    ended_at: str | None
    billed_seconds: int
    credits: int
    device_id: UUID | None


class PersonView(msgspec.Struct):
    """Who calls, as others see them."""

    id: UUID
    display_name: str
    age: int | None
    bio: str
    country: str
    photo_url: str | None


class InviteCommand(msgspec.Struct):
    callee_id: UUID
    media: MediaName
    client_id: ClientId


class CallCommand(msgspec.Struct):
    call_id: UUID


class MediaCommand(msgspec.Struct):
    call_id: UUID
    connected: bool = True


class SignalCommand(msgspec.Struct):
    """``payload`` is any JSON, passed on as it is: 16 KiB for a description, else 1 KiB."""

    call_id: UUID
    kind: SignalKind
    payload: msgspec.Raw


class InviteAck(msgspec.Struct):
    call: CallView
    quote: Quote


class CallAck(msgspec.Struct):
    call: CallView


class HeartbeatAck(msgspec.Struct):
    position: int


class SignalAck(msgspec.Struct):
    number: int


class IncomingData(msgspec.Struct):
    call: CallView
    caller: PersonView
    quote: Quote
    expires_at: str


class CallStateData(msgspec.Struct):
    call: CallView


class CallChargedData(msgspec.Struct):
    """``available`` is the caller's, and told to the caller alone."""

    call_id: UUID
    minute: int
    credits: int
    available: int | msgspec.UnsetType = msgspec.UNSET


class SignalData(msgspec.Struct):
    """``number`` grows with every signal of a call, of both sides; ``again`` marks what is sent
    once more to a device that joins. Apply each number once."""

    call_id: UUID
    from_user_id: UUID
    kind: SignalKind
    payload: msgspec.Raw
    number: int
    again: bool = False


class BalanceLowData(msgspec.Struct):
    call_id: UUID
    seconds_left: int


class CallEndedData(msgspec.Struct):
    """``seconds`` and ``credits`` are of the whole call. ``answered_elsewhere`` is told without a
    position to the devices of a person that are not in the call: the call itself goes on."""

    call: CallView
    reason: ReasonName | Literal["answered_elsewhere"]
    seconds: int
    credits: int


def call_view(call: Call, viewer_id: UUID) -> CallView:
    return CallView(
        id=call.id,
        caller_id=call.caller_id,
        callee_id=call.callee_id,
        media=call.media,  # type: ignore[arg-type]
        status=call.status,  # type: ignore[arg-type]
        end_reason=call.end_reason or None,  # type: ignore[arg-type]
        quote=quote_of(call),
        created_at=clock.to_rfc3339(call.created_at),
        accepted_at=_text(call.accepted_at),
        connected_at=_text(call.connected_at),
        ended_at=_text(call.ended_at),
        billed_seconds=call.billed_seconds,
        credits=call.credits,
        device_id=call.device_of(viewer_id),
    )


def quote_of(call: Call) -> Quote:
    return Quote(call.credits_per_minute, call.increment_seconds, call.minute_seconds)


def person_view(user: User, now: datetime) -> PersonView:
    return PersonView(
        id=user.pk,
        display_name=user.display_name,
        age=user.age_on(now.date()),
        bio=user.bio,
        country=user.country,
        photo_url=photo_url(user),
    )


def _text(moment: datetime | None) -> str | None:
    return clock.to_rfc3339(moment) if moment else None


register_event(
    "call.incoming",
    feature="calls",
    data=IncomingData,
    summary="Somebody calls. Ring until expires_at, unless a later event tells that it is over.",
)
register_event(
    "call.state",
    feature="calls",
    data=CallStateData,
    summary="A call that goes on has changed, or began on another device of one's own.",
)
register_event(
    "call.charged",
    feature="calls",
    data=CallChargedData,
    summary="A minute was charged to the caller; both are told, what is left the caller alone.",
)
register_event(
    "call.balance_low",
    feature="calls",
    data=BalanceLowData,
    summary="The caller's credits last for so many seconds: told at 60 and at 20.",
)
register_event(
    "call.ended",
    feature="calls",
    data=CallEndedData,
    summary="A call is over. Without a position: answered on another device of one's own.",
)
register_event(
    "call.signal",
    feature="calls",
    data=SignalData,
    durable=False,
    summary="What the other device of the call says to this one, to connect media.",
)
