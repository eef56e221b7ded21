"""Call commands of the socket: frame in, one call, frame out."""

from django.conf import settings

from calling.schemas import (
    CallAck,
    CallCommand,
    HeartbeatAck,
    InviteAck,
    InviteCommand,
    MediaCommand,
    SignalAck,
    SignalCommand,
)
from calling.services.answers import (
    CallWish,
    accept_calls,
    cancel_calls,
    decline_calls,
    end_calls,
    join_calls,
    report_media,
)
from calling.services.heartbeats import Heartbeat, take_heartbeats
from calling.services.invites import Invite, check_invite, invite_calls
from calling.services.signals import SignalRequest, check_signal, relay_signals
from pairly.realtime.connections import Connection
from pairly.realtime.frames import Origin, register_batched_command

__all__: list[str] = []


def _invite_rate() -> tuple[int, float]:
    return settings.CALL_INVITES_MAX, settings.CALL_INVITES_WINDOW_SECONDS


def _signal_rate() -> tuple[int, float]:
    return settings.CALL_SIGNALS_MAX, settings.CALL_SIGNALS_WINDOW_SECONDS


def _wish(connection: Connection, data: CallCommand, origin: Origin) -> CallWish:
    return CallWish(connection.user_id, connection.device_id, data.call_id, origin)


@register_batched_command(
    "call.invite",
    feature="calls",
    data=InviteCommand,
    ack=InviteAck,
    operation=invite_calls,
    rate=_invite_rate,
)
def call_invite(connection: Connection, data: InviteCommand, origin: Origin) -> Invite:
    """Calls somebody: all their devices ring. The quote counts for the whole call. A repeat with
    the same `client_id` acks the first call; who calls somebody that is calling them is acked that
    call, accepted. Refused before anything rings: `unavailable`, `busy`, `insufficient_credits`."""
    return check_invite(
        caller_id=connection.user_id,
        device_id=connection.device_id,
        callee_id=data.callee_id,
        media=data.media,
        client_id=data.client_id,
        origin=origin,
    )


@register_batched_command(
    "call.accept", feature="calls", data=CallCommand, ack=CallAck, operation=accept_calls
)
def call_accept(connection: Connection, data: CallCommand, origin: Origin) -> CallWish:
    """Answers a call on this device, which is in it from now on. This person's other devices get
    `call.ended` with the reason `answered_elsewhere`."""
    return _wish(connection, data, origin)


@register_batched_command(
    "call.decline", feature="calls", data=CallCommand, ack=CallAck, operation=decline_calls
)
def call_decline(connection: Connection, data: CallCommand, origin: Origin) -> CallWish:
    """Does not take a call that rings; it is over on all devices."""
    return _wish(connection, data, origin)


@register_batched_command(
    "call.cancel", feature="calls", data=CallCommand, ack=CallAck, operation=cancel_calls
)
def call_cancel(connection: Connection, data: CallCommand, origin: Origin) -> CallWish:
    """Stops calling before the other one has answered."""
    return _wish(connection, data, origin)


@register_batched_command(
    "call.end", feature="calls", data=CallCommand, ack=CallAck, operation=end_calls
)
def call_end(connection: Connection, data: CallCommand, origin: Origin) -> CallWish:
    """Hangs up, from any device of either. Sent again it is acked again."""
    return _wish(connection, data, origin)


@register_batched_command(
    "call.join", feature="calls", data=CallCommand, ack=CallAck, operation=join_calls
)
def call_join(connection: Connection, data: CallCommand, origin: Origin) -> CallWish:
    """Takes one's side of a call that goes on to this device, or back to it after a reconnect; the
    device that was in it is told `answered_elsewhere`."""
    return _wish(connection, data, origin)


@register_batched_command(
    "call.media", feature="calls", data=MediaCommand, ack=CallAck, operation=report_media
)
def call_media(connection: Connection, data: MediaCommand, origin: Origin) -> CallWish:
    """Tells whether media flow. Once both sides have said so the call is active, and is billed
    from that moment on."""
    return CallWish(connection.user_id, connection.device_id, data.call_id, origin, data.connected)


@register_batched_command(
    "call.heartbeat",
    feature="calls",
    data=CallCommand,
    ack=HeartbeatAck,
    operation=take_heartbeats,
)
def call_heartbeat(connection: Connection, data: CallCommand, _origin: Origin) -> Heartbeat:
    """A sign of life of this side, wanted every five seconds. A side that is silent for longer
    than the grace has left the call. Answers the latest position."""
    return Heartbeat(connection.user_id, connection.device_id, data.call_id)


@register_batched_command(
    "call.signal",
    feature="calls",
    data=SignalCommand,
    ack=SignalAck,
    operation=relay_signals,
    rate=_signal_rate,
)
def call_signal(connection: Connection, data: SignalCommand, _origin: Origin) -> SignalRequest:
    """Passes a description, a candidate or the wish to restart on to the other device of the call,
    and keeps it for that device until the call ends. What the caller sends while it rings waits
    for the answer. Refused: `payload_too_large`, `too_many_candidates` (64 for a description)."""
    return check_signal(
        user_id=connection.user_id,
        device_id=connection.device_id,
        call_id=data.call_id,
        kind=data.kind,
        payload=bytes(data.payload).decode(),
    )
