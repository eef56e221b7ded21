"""The protocol's own commands: catching up and heartbeats."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from django.conf import settings

from pairly.core.errors import NotAuthenticated
from pairly.realtime.connections import Connection, hub
from pairly.realtime.frames import (
    HeartbeatResult,
    Origin,
    event_frame,
    register_batched_command,
    register_command,
)
from pairly.realtime.readers import gathering_reader, run_in_reader
from pairly.realtime.selectors import SignIn, catch_up, heartbeat_positions

__all__ = ["HeartbeatAck", "HeartbeatCommand", "SyncAck", "SyncCommand"]

Position = Annotated[int, msgspec.Meta(ge=0, le=2**48 - 1)]


class SyncCommand(msgspec.Struct):
    since: Position


class SyncAck(msgspec.Struct):
    position: int
    resync: bool
    events: list[msgspec.Raw]


class HeartbeatCommand(msgspec.Struct):
    active: bool = True


class HeartbeatAck(msgspec.Struct):
    position: int


def _sync_rate() -> tuple[int, float]:
    return settings.SYNCS_MAX, settings.SYNCS_WINDOW_SECONDS


@register_command(
    "sync",
    feature="general",
    data=SyncCommand,
    ack=SyncAck,
    rate=_sync_rate,
    is_activity=False,
)
async def sync(connection: Connection, data: SyncCommand) -> SyncAck:
    """Replays this person's events after a position, oldest first: 300 at most, fewer of long
    ones. Ask again from the answered position until it stands still. `resync` means: fetch state
    afresh."""
    found = await run_in_reader(catch_up, connection.user_id, data.since)
    frames = [
        msgspec.Raw(event_frame(event.type, event.data, event.position).encode())
        for event in found.events
    ]
    return SyncAck(found.position, found.resync, frames)


def take_heartbeats(beats: Sequence[SignIn]) -> list[HeartbeatResult | NotAuthenticated]:
    """The newest position of each, unless the device may not go on. A few queries for them all."""
    devices = list(set(beats))
    answers = {
        device: HeartbeatResult(answer) if isinstance(answer, int) else answer
        for device, answer in zip(devices, heartbeat_positions(devices), strict=True)
    }
    return [answers[beat] for beat in beats]


@register_batched_command(
    "presence.heartbeat",
    feature="general",
    data=HeartbeatCommand,
    ack=HeartbeatAck,
    operation=take_heartbeats,
    batcher=gathering_reader,
    is_activity=False,
)
def heartbeat(connection: Connection, data: HeartbeatCommand, _origin: Origin) -> SignIn:
    """Reports that the device is there, and with `active` the person before it; checks the
    account. Answers the latest position, so that a lost event shows as a gap."""
    if data.active:
        hub.acted(connection)
    return connection.sign_in
