"""The sockets of this process and how news reaches them.

``Hub`` maps people to their open sockets and delivers what was committed, here or, through the
``Bridge``, in other processes. ``Connection`` is one socket: its bounded queue, so that a stuck
reader holds up nobody else.

Everything here runs on the event loop except ``Hub.publish``, which any thread may call.
"""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings

from pairly.core.errors import PairlyError
from pairly.core.limits import TokenBucket
from pairly.realtime.bridge import Bridge
from pairly.realtime.errors import CloseCode
from pairly.realtime.frames import EVENTS, Feature, ack_frame, error_frame, event_frame
from pairly.realtime.news import News, Notice, Published
from pairly.realtime.readers import run_in_reader
from pairly.realtime.selectors import events_at, heartbeat_positions

__all__ = ["Connection", "Hub", "SocketObserver", "hub"]

CLOSE_SECONDS_MAX = 5
LATE_EVENTS_MAX = 20
LIMITS_KEPT_SECONDS = 60
"""So long after a person's last socket; by then every limit of commands has filled up again."""
ACTED_MILLISECONDS = 1000
"""What is done on a socket so soon after what was noted is not noted anew."""

Send = Callable[[dict[str, Any]], Awaitable[None]]
Limits = dict[str, TokenBucket]
"""By command."""


class SocketObserver(Protocol):
    """Hears of the sockets of this process, on the event loop."""

    def opened(self, connection: "Connection") -> None:
        """It was told that it is ready."""

    def acted(self, connection: "Connection") -> None:
        """The person before it did something; told once in ``ACTED_MILLISECONDS`` at most."""

    def closed(self, connection: "Connection") -> None:
        """One that was opened is gone."""

    def missed(self) -> None:
        """What other processes told may have been lost."""


class Connection:
    """One open socket of a device, with a task that writes what is queued for it.

    ``newest_position`` is that of the newest event it was sent, or not sent because it is for
    other features. What comes at or below ``start_position`` is not pushed: ``sync`` has it.

    Create it on the event loop; end it with ``finish``.
    """

    __slots__ = (
        "_close_code",
        "_held",
        "_idle",
        "_queue",
        "_queued_characters",
        "_queued_characters_max",
        "_queued_frames_max",
        "_send",
        "_writer",
        "acted_at",
        "bad_frames",
        "device_id",
        "features",
        "frames",
        "in_flight",
        "key",
        "limits",
        "newest_position",
        "room",
        "serving",
        "sign_in",
        "start_position",
        "user_id",
    )
    _keys = itertools.count(1)

    def __init__(
        self, *, user_id: UUID, device_id: UUID, features: frozenset[Feature], send: Send
    ) -> None:
        self.key = next(self._keys)
        self.user_id = user_id
        self.device_id = device_id
        self.sign_in = (user_id.hex, device_id.hex)
        self.features = features
        self.acted_at = 0  # milliseconds since 1970
        self.in_flight = 0
        self.limits: Limits | None = {} if settings.RATE_LIMITS else None
        self.frames = TokenBucket(settings.SOCKET_FRAMES_MAX, settings.SOCKET_FRAMES_WINDOW_SECONDS)
        self.bad_frames = TokenBucket(settings.SOCKET_BAD_FRAMES_PER_MINUTE, 60)
        self.room: asyncio.Future[None] | None = None
        self.serving: asyncio.Task[None] | None = None
        self.start_position = self.newest_position = 0
        self._send = send
        self._held: list[tuple[int | None, str]] | None = []
        self._queue: deque[str] = deque()
        self._queued_characters = 0
        self._queued_characters_max: int = settings.SOCKET_QUEUE_CHARACTERS_MAX
        self._queued_frames_max: int = settings.SOCKET_QUEUE_FRAMES_MAX
        self._close_code: int | None = None
        self._idle: asyncio.Future[None] | None = None
        self._writer = asyncio.create_task(self._write())

    @property
    def closing(self) -> bool:
        return self._close_code is not None

    @property
    def close_code(self) -> int | None:
        """What we close it with; None while it is open and when the peer leaves first."""
        return self._close_code

    @property
    def is_ready(self) -> bool:
        """Whether it was told where it stands and is not about to close."""
        return self._held is None and self._close_code is None

    def start(self, ready: str, position: int) -> None:
        """Send the ready frame first, then what arrived meanwhile and lies above its position."""
        held, self._held = self._held or [], None
        self.start_position = position
        self.newest_position = max(self.newest_position, position)
        self.send_text(ready)
        for held_position, text in held:
            if held_position is None or held_position > position:
                self.send_text(text)

    def send_text(self, text: str, position: int | None = None) -> None:
        """Queue a frame. A reader too slow for the bounded queue is closed; it may come back
        and catch up from the database."""
        if self._close_code is not None:
            return
        if self._held is not None:
            self._held.append((position, text))
            return
        self._queue.append(text)
        self._queued_characters += len(text)
        if (
            len(self._queue) > self._queued_frames_max
            or self._queued_characters > self._queued_characters_max
        ):
            self._queue.clear()
            self.close(CloseCode.SILENT)
        else:
            self._wake()

    def ack(self, command_id: str, data: str, position: int | None = None) -> None:
        self.send_text(ack_frame(command_id, data, position))

    def error(
        self, command_id: str | None, error: PairlyError, trace_id: str | None = None
    ) -> None:
        self.send_text(error_frame(command_id, error, trace_id))

    def close(self, code: int) -> None:
        """Send what is queued, then close. Nothing is accepted after the first call."""
        if self._close_code is not None:
            return
        self._close_code = code
        self._wake()
        asyncio.get_running_loop().call_later(CLOSE_SECONDS_MAX, self._give_up)

    def _give_up(self) -> None:
        """A peer that reads nothing takes no close frame either, and must not keep the socket:
        the task that serves it is ended, and with it the connection."""
        if self._writer.done():
            return
        self._writer.cancel()
        if self.serving is not None:
            self.serving.cancel()

    async def closed(self) -> None:
        """Wait until the close frame is out or given up."""
        await asyncio.wait([self._writer])

    def finish(self) -> None:
        """The peer is gone: stop writing."""
        self._writer.cancel()

    def _wake(self) -> None:
        idle, self._idle = self._idle, None
        if idle is not None and not idle.done():
            idle.set_result(None)

    async def _write(self) -> None:
        loop, queue = asyncio.get_running_loop(), self._queue
        try:
            while True:
                while queue:
                    text = queue.popleft()
                    self._queued_characters -= len(text)
                    await self._send({"type": "websocket.send", "text": text})
                if self._close_code is not None:
                    break
                self._idle = loop.create_future()
                await self._idle
            await self._send({"type": "websocket.close", "code": int(self._close_code)})
        except (OSError, RuntimeError):
            # The peer is gone; the receive loop hears of it as a disconnect.
            queue.clear()


class Hub:
    """Who is connected here, and the delivery of news to them."""

    def __init__(self) -> None:
        self.connections: dict[UUID, set[Connection]] = {}
        self._limits_of_gone: dict[UUID, tuple[Limits, asyncio.TimerHandle]] = {}
        self.observers: list[SocketObserver] = []
        self._listeners: dict[str, Callable[[str], None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pending: deque[Sequence[Published]] = deque()
        self._bridge = Bridge(self.deliver, self.look_again)

    # Sockets come and go; on the event loop.

    def add(self, connection: Connection) -> None:
        """Register a socket. A device's oldest socket makes room for one above the limit.

        A person's sockets share the limits of commands, so that more of them are not more of any,
        neither beside each other nor one after another.
        """
        self._start()
        mine = self.connections.setdefault(connection.user_id, set())
        gone = self._limits_of_gone.pop(connection.user_id, None)
        if mine:
            connection.limits = next(iter(mine)).limits
        elif gone is not None:
            connection.limits, forgetting = gone
            forgetting.cancel()
        mine.add(connection)
        same_device = [c for c in mine if c.device_id == connection.device_id and not c.closing]
        if len(same_device) > settings.SOCKETS_PER_DEVICE_MAX:
            min(same_device, key=lambda c: c.key).close(CloseCode.TOO_MANY_DEVICES)

    def remove(self, connection: Connection) -> None:
        user_id = connection.user_id
        mine = self.connections.get(user_id)
        if mine is None:
            return
        mine.discard(connection)
        if mine:
            return
        del self.connections[user_id]
        if connection.limits:
            loop = asyncio.get_running_loop()
            forgetting = loop.call_later(
                LIMITS_KEPT_SECONDS, self._limits_of_gone.pop, user_id, None
            )
            self._limits_of_gone[user_id] = connection.limits, forgetting

    def opened(self, connection: Connection) -> None:
        for observer in self.observers:
            observer.opened(connection)

    def acted(self, connection: Connection) -> None:
        now = time.time_ns() // 1_000_000
        if 0 <= now - connection.acted_at < ACTED_MILLISECONDS:
            return
        connection.acted_at = now
        for observer in self.observers:
            observer.acted(connection)

    def closed(self, connection: Connection) -> None:
        for observer in self.observers:
            observer.closed(connection)

    def of(self, user_id: UUID) -> list[Connection]:
        """A person's open sockets in this process. From any thread."""
        return list(self.connections.get(user_id, ()))

    def all(self) -> list[Connection]:
        return [connection for mine in self.connections.values() for connection in mine]

    # News; from any thread.

    def listen(self, topic: str, function: Callable[[str], None]) -> None:
        """Call the function on the event loop with the data of each notice of the topic. Once
        for each topic, from ``AppConfig.ready``."""
        self._listeners[topic] = function

    def publish(self, news: Sequence[Published]) -> None:
        """Deliver to this process's sockets and tell the other processes. Call after commit."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            self._pending.append(news)
            loop.call_soon_threadsafe(self._deliver_pending)
        elif settings.REALTIME_BROADCAST:
            self._bridge.tell_without_loop(news)

    def call_soon(self, function: Callable[..., None], *arguments: Any) -> None:
        """Run a function on the event loop, after the news published so far. From any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)

    def _deliver_pending(self) -> None:
        while self._pending:
            news = self._pending.popleft()
            self.deliver(news)
            if self._bridge.is_running:
                self._bridge.tell(news)

    def deliver(self, news: Sequence[Published]) -> None:
        """Hand news to local sockets and listeners, in order. On the event loop."""
        for item in news:
            if isinstance(item, Notice):
                self._listeners[item.topic](item.data)
                continue
            mine = self.connections.get(item.user_id)
            if mine is None:
                continue
            if isinstance(item, News):
                _deliver_to(mine, item)
            else:
                for connection in list(mine):
                    if item.device_id in (None, connection.device_id):
                        connection.close(item.code)

    async def look_again(self) -> None:
        """For when news of other processes were lost: asks the database once for all sockets.

        One that was signed out is closed. One that stands before its person's newest event is
        sent what it lacks, the newest ``LATE_EVENTS_MAX`` at most: its device sees the gap before
        them and syncs.
        """
        for observer in self.observers:
            observer.missed()
        ready = [connection for connection in self.all() if connection.is_ready]
        askers = [connection.sign_in for connection in ready]
        behind: set[tuple[UUID, int]] = set()
        """People and positions that a socket of theirs lacks."""
        for connection, answer in zip(
            ready, await run_in_reader(heartbeat_positions, askers), strict=True
        ):
            if not isinstance(answer, int):
                connection.close(CloseCode.SIGN_IN_AGAIN)
            else:
                held = max(connection.newest_position, answer - LATE_EVENTS_MAX)
                behind.update(
                    (connection.user_id, lacked) for lacked in range(held + 1, answer + 1)
                )
        for user_id, event in await run_in_reader(events_at, behind):
            late = [one for one in self.of(user_id) if event.position > one.newest_position]
            # The ack of what a socket has under way shows it the gap as well.
            late = [one for one in late if one.is_ready and not one.in_flight]
            _deliver_to(late, News(user_id, event.type, event.data, event.position))
            for connection in late:
                connection.start_position = event.position

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        self._loop = loop
        if settings.REALTIME_BROADCAST:
            self._bridge.start()


def _deliver_to(mine: Iterable[Connection], item: News) -> None:
    """The frame is composed once for all sockets of a person."""
    feature, position = EVENTS[item.type].feature, item.position
    frame: str | None = None
    for connection in list(mine):
        if position is not None and position > connection.newest_position:
            connection.newest_position = position
        if item.origin is not None and connection.key == item.origin.connection_key:
            connection.ack(item.origin.command_id, item.ack, position)
        elif (
            feature in connection.features
            and item.is_for(connection.device_id)
            and (position is None or position > connection.start_position)
        ):
            frame = frame or event_frame(item.type, item.data, position)
            connection.send_text(frame, position)


hub = Hub()
"""The hub of this process."""
