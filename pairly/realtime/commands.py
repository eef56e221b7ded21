"""The protocol's own commands: catching up and heartbeats."""

import asyncio
from functools import partial
from typing import Annotated, Any

import msgspec
from django.conf import settings

from pairly.core.batching import Entry
from pairly.realtime.connections import Connection, hub
from pairly.realtime.frames import event_frame, register_command
from pairly.realtime.readers import batched_reader, run_in_reader
from pairly.realtime.selectors import catch_up, heartbeat_positions

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


@register_command(
    "presence.heartbeat",
    feature="general",
    data=HeartbeatCommand,
    ack=HeartbeatAck,
    is_activity=False,
)
async def heartbeat(connection: Connection, data: HeartbeatCommand) -> HeartbeatAck:
    """Reports that the device is there, and with `active` the person before it; checks the
    account. Answers the latest position, so that a lost event shows as a gap."""
    if data.active:
        hub.acted(connection)
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    asker = (connection.user_id, connection.device_id)
    batched_reader.submit(heartbeat_positions, asker, partial(_settle, answer), _deliver)
    return HeartbeatAck(await answer)


def _deliver(answers: list[tuple[Entry, Any]]) -> None:
    """A batch's answers in one wake-up of the loop."""
    hub.call_soon(_settle_all, answers)


def _settle_all(answers: list[tuple[Entry, Any]]) -> None:
    for entry, result in answers:
        entry.reply(result)


def _settle(answer: "asyncio.Future[Any]", result: Any) -> None:
    if answer.done():
        return
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)
