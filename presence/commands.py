"""Presence commands of the socket: frame in, one call, frame out."""

from django.conf import settings

from pairly.realtime.connections import Connection
from pairly.realtime.frames import Empty, register_command
from pairly.realtime.readers import run_in_reader
from presence.schemas import ModeData, SetCommand, UnwatchCommand, WatchAck, WatchCommand
from presence.services import set_mode
from presence.watching import watching

__all__: list[str] = []


def _set_rate() -> tuple[int, float]:
    return settings.PRESENCE_SETS_MAX, settings.PRESENCE_SETS_WINDOW_SECONDS


def _watch_rate() -> tuple[int, float]:
    return settings.PRESENCE_WATCHES_MAX, settings.PRESENCE_WATCHES_WINDOW_SECONDS


@register_command("presence.set", feature="presence", data=SetCommand, ack=ModeData, rate=_set_rate)
async def presence_set(connection: Connection, data: SetCommand) -> ModeData:
    """Says as what this person wishes to be seen: `auto`, `away`, or `invisible`, which others
    cannot tell from having left. It counts for all devices and until it is said otherwise."""
    await run_in_reader(set_mode, connection.user_id, data.mode)
    return ModeData(data.mode)


@register_command(
    "presence.watch",
    feature="presence",
    data=WatchCommand,
    ack=WatchAck,
    rate=_watch_rate,
    is_activity=False,
)
async def presence_watch(connection: Connection, data: WatchCommand) -> WatchAck:
    """Watches people on this socket, 500 at most: acks how they show now, in the order of asking,
    and sends `presence.changed` from then on. Who may not be seen shows as offline, and may come
    to be seen. Refused: `too_many_watched`."""
    return WatchAck(await watching.watch(connection, data.user_ids))


@register_command("presence.unwatch", feature="presence", data=UnwatchCommand, is_activity=False)
async def presence_unwatch(connection: Connection, data: UnwatchCommand) -> Empty:
    """Watches these people no more on this socket."""
    watching.unwatch(connection, data.user_ids)
    return Empty()
