"""The socket endpoint: frame in, one call, frame out.

This is a plain ASGI receive loop behind Channels' routing instead of a Channels consumer, which
costs a thread hop and two tasks for every frame (see docs/decisions/0003-plain-asgi-sockets.md).
"""

import asyncio
import functools
import logging
import math
import time
from contextlib import suppress
from types import CoroutineType
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import msgspec
from django.conf import settings
from django.utils.module_loading import import_string

from pairly.core.batching import Entry
from pairly.core.errors import (
    NotAuthenticated,
    PairlyError,
    PermissionDenied,
    RateLimited,
    ValidationFailed,
)
from pairly.core.ids import new_request_id
from pairly.core.limits import TokenBucket
from pairly.core.refusals import note_refusal
from pairly.realtime.connections import Connection, hub
from pairly.realtime.errors import CloseCode
from pairly.realtime.frames import (
    Command,
    Feature,
    FrameDecoder,
    Origin,
    ReadyData,
    event_frame,
    readable_id,
    refusal,
    to_json,
)
from pairly.realtime.readers import run_in_reader, run_soon_in_reader
from pairly.realtime.selectors import heartbeat_positions

__all__ = ["SocketEndpoint", "refuse"]

logger = logging.getLogger(__name__)

FRAME_BYTES_MAX = 65_536
IN_FLIGHT_MAX = 64
DROP_SECONDS_MAX = 1


class SocketEndpoint:
    """An ASGI application for one set of features. Signs in, says ready, then serves frames."""

    def __init__(self, *features: Feature) -> None:
        self._features = frozenset({"general", *features})

    @functools.cached_property
    def _decoder(self) -> FrameDecoder:
        """Built at the first use, when every app has registered its commands."""
        return FrameDecoder(self._features)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        await send({"type": "websocket.accept"})
        try:
            user_id, device_id = await _sign_in(scope)
        except PairlyError as error:
            # Accepted first, because a refused handshake carries no code.
            forbidden = not isinstance(error, NotAuthenticated)
            code = CloseCode.FORBIDDEN if forbidden else CloseCode.SIGN_IN_AGAIN
            await send({"type": "websocket.close", "code": int(code)})
            return
        connection = Connection(
            user_id=user_id, device_id=device_id, features=self._features, send=send
        )
        serving = connection.serving = asyncio.current_task()
        hub.add(connection)
        opened = False
        try:
            opened = await self._say_ready(connection)
            if opened:
                hub.opened(connection)
            await self._serve(connection, receive)
        except asyncio.CancelledError:
            if not connection.closing or serving is None:
                raise
            serving.uncancel()
            await _drop(send)
        finally:
            hub.remove(connection)
            if opened:
                hub.closed(connection)
            connection.finish()

    @staticmethod
    async def _say_ready(connection: Connection) -> bool:
        """Whether it may go on. The socket is registered before position and sign-in are read, so
        nothing falls between: neither an event nor a sign-out since the handshake began."""
        (found,) = await run_in_reader(heartbeat_positions, [connection.sign_in])
        if isinstance(found, NotAuthenticated):
            connection.close(CloseCode.SIGN_IN_AGAIN)
            return False
        ready = ReadyData(
            user_id=connection.user_id,
            device_id=connection.device_id,
            position=found,
            heartbeat_seconds=settings.SOCKET_HEARTBEAT_SECONDS,
        )
        connection.start(event_frame("ready", to_json(ready)), ready.position)
        return True

    async def _serve(self, connection: Connection, receive: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            if connection.closing:
                continue
            text = message.get("text")
            if text is None:
                connection.close(CloseCode.BAD_FRAME)
            elif _too_big(text):
                connection.close(CloseCode.FRAME_TOO_BIG)
            else:
                await self._take(connection, text)

    async def _take(self, connection: Connection, text: str) -> None:
        try:
            command, command_id, data = self._decoder.decode(text)
        except msgspec.DecodeError as error:
            _refuse_frame(connection, text, refusal(error))
            return
        except (UnicodeError, RecursionError):
            _refuse_frame(connection, text, ValidationFailed("The frame is not valid JSON."))
            return
        try:
            if connection.limits is not None:
                _check_rates(connection, connection.limits, command)
            if command.is_activity:
                hub.acted(connection)
            if command.operation is not None and command.to_request is not None:
                origin = Origin(connection.key, command_id)
                request = command.to_request(connection, data, origin)
                if isinstance(request, CoroutineType):
                    request = await request
                if connection.in_flight >= IN_FLIGHT_MAX:
                    await _room(connection)
                connection.in_flight += 1
                reply = functools.partial(_reply, connection, command_id)
                command.batcher.submit(command.operation, request, reply, _deliver_replies)
            elif command.handler is not None:
                connection.ack(command_id, to_json(await command.handler(connection, data)))
        except Exception as error:
            _refuse(connection, command_id, error)


async def _drop(send: Any) -> None:
    """End a connection whose peer reads nothing: Daphne does on a close, whatever waits before
    it, uvicorn when the application returns."""
    with suppress(TimeoutError, OSError, RuntimeError):
        async with asyncio.timeout(DROP_SECONDS_MAX):
            await send({"type": "websocket.close", "code": int(CloseCode.SILENT)})


def _too_big(text: str) -> bool:
    """By bytes; a character has four at most, so short frames need no encoding."""
    return len(text) * 4 > FRAME_BYTES_MAX and len(text.encode()) > FRAME_BYTES_MAX


async def refuse(_scope: Any, receive: Any, send: Any) -> None:
    """Where there is no socket."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": int(CloseCode.FORBIDDEN)})


async def _sign_in(scope: Any) -> tuple[UUID, UUID]:
    """The user and device of a handshake. Raises ``PairlyError``."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    authorization = headers.get(b"authorization")
    if not _origin_allowed(headers.get(b"origin"), headers.get(b"host", "")):
        raise PermissionDenied("This origin may not open sockets.")
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    ticket = query.get("ticket", [None])[0]
    authenticate = import_string(settings.REALTIME_AUTHENTICATE)
    identity = await run_in_reader(authenticate, authorization, ticket)
    return identity.user_id, identity.device_id


def _origin_allowed(origin: str | None, host: str) -> bool:
    """Browsers always send an Origin, other clients need none."""
    if origin is None or origin in settings.CORS_ALLOWED_ORIGINS:
        return True
    try:
        named = urlsplit(origin).netloc
    except ValueError:
        return False
    return bool(named) and named == host


def _check_rates(connection: Connection, limits: dict[str, TokenBucket], command: Command) -> None:
    """Raises ``RateLimited``; a socket that floods beyond all sense is closed."""
    at = time.monotonic()
    if wait_seconds := connection.frames.take(at):
        connection.close(CloseCode.TOO_FAST)
        raise RateLimited(retry_after_seconds=math.ceil(wait_seconds))
    if command.rate is None:
        return
    bucket = limits.get(command.type)
    if bucket is None:
        bucket = limits[command.type] = TokenBucket(*command.rate())
    if wait_seconds := bucket.take(at):
        raise RateLimited(retry_after_seconds=math.ceil(wait_seconds))


def _refuse_frame(connection: Connection, text: str, error: ValidationFailed) -> None:
    """A frame that cannot be understood: say so and stay, unless there is no end to it."""
    connection.error(readable_id(text), error)
    if connection.bad_frames.take(time.monotonic()):
        connection.close(CloseCode.BAD_FRAME)


def _refuse(connection: Connection, command_id: str, error: Exception) -> None:
    """Turn any error into its frame; the one place that does so for sockets."""
    trace_id = new_request_id()
    if not isinstance(error, PairlyError):
        logger.error("a socket command failed, trace_id %s", trace_id, exc_info=error)
        error = PairlyError()
    connection.error(command_id, error, trace_id)
    if isinstance(error, RateLimited):
        run_soon_in_reader(note_refusal, connection.user_id)
    if isinstance(error, NotAuthenticated):
        connection.close(CloseCode.SIGN_IN_AGAIN)


async def _room(connection: Connection) -> None:
    """Stop reading from a socket that has too much under way."""
    while connection.in_flight >= IN_FLIGHT_MAX:
        connection.room = asyncio.get_running_loop().create_future()
        await connection.room


def _deliver_replies(answers: list[tuple[Entry, Any]]) -> None:
    """A batch's replies in one wake-up of the loop, right after its news."""
    hub.call_soon(_run_replies, answers)


def _run_replies(answers: list[tuple[Entry, Any]]) -> None:
    for entry, result in answers:
        entry.reply(result)


def _reply(connection: Connection, command_id: str, result: Any) -> None:
    connection.in_flight -= 1
    if connection.room is not None and not connection.room.done():
        connection.room.set_result(None)
    if isinstance(result, Exception):
        _refuse(connection, command_id, result)
    elif result.position is None:
        connection.ack(command_id, result.ack)
