"""Daphne, the default server, ended without breaking off what it is doing."""

import asyncio
import logging
import signal
import time
from typing import Any

from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from django.conf import settings
from twisted.internet import defer, reactor
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer  # type: ignore[import-untyped]

from pairly.realtime.services import close_all
from pairly.serving.frames import FrameReader, text_frame
from pairly.serving.limits import (
    BACKLOG_CONNECTIONS,
    DIRECT_FRAME_BYTES_MAX,
    FRAME_BYTES_MAX,
)

__all__ = ["serve"]

logger = logging.getLogger(__name__)


@implementer(IPushProducer)
class SendBuffer:
    """Whether a socket's peer reads fast enough: Twisted says so to the producer of a transport."""

    def __init__(self) -> None:
        self._has_room = asyncio.Event()
        self._has_room.set()

    def pauseProducing(self) -> None:
        self._has_room.clear()

    def resumeProducing(self) -> None:
        self._has_room.set()

    stopProducing = resumeProducing

    async def wait(self) -> None:
        if not self._has_room.is_set():
            await self._has_room.wait()


class SocketProtocol(WebSocketProtocol):  # type: ignore[misc]
    """Daphne's, with a short way for whole text frames."""

    _reader: FrameReader | None = None

    def _dataReceived(self, data: bytes) -> None:
        if self._reader is None:
            if self.state != self.STATE_OPEN or self.data or self.current_frame:
                super()._dataReceived(data)
                return
            self._reader = FrameReader(
                self._take_text, super()._dataReceived, payload_bytes_max=DIRECT_FRAME_BYTES_MAX
            )
        self._reader.feed(data)

    def _take_text(self, text: str) -> None:
        if self.muted or self.state != self.STATE_OPEN:
            return
        self.last_ping = time.time()
        if self.autoPingTimeoutCall:
            self._cancelAutoPingTimeoutCall()
        self.application_queue.put_nowait({"type": "websocket.receive", "text": text})

    def serverSend(self, content: Any, binary: bool = False) -> None:
        if binary or self.state != self.STATE_OPEN or self.send_queue:
            super().serverSend(content, binary)
        else:
            self.transport.write(text_frame(content))


class DrainingServer(Server):  # type: ignore[misc]
    """On SIGTERM: accept nobody, close sockets with 4012, let requests finish, then stop.

    A frame is sent when the one before is out of the transport's buffer, which Daphne would fill
    without end for a peer that reads nothing.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.failed = False
        self._ports: list[Any] = []  # twisted's IListeningPort
        self._drain: asyncio.Task[None] | None = None

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        self._ports.append(port)

    def listen_error(self, failure: Any) -> None:
        self.failed = True
        super().listen_error(failure)

    async def handle_reply(self, protocol: Any, message: Any) -> None:
        details = self.connections.get(protocol, {})
        if message["type"] == "websocket.send" and "send_buffer" in details:
            await details["send_buffer"].wait()
            if message.get("text") and "disconnected" not in details:
                protocol.serverSend(message["text"])
                return
        await super().handle_reply(protocol, message)
        if message["type"] == "websocket.accept" and details:
            buffer = details["send_buffer"] = SendBuffer()
            protocol.transport.unregisterProducer()  # that of the HTTP request it began as
            protocol.transport.registerProducer(buffer, True)

    def begin_drain(self) -> None:
        if self._drain is None:
            self._drain = asyncio.ensure_future(self._end())

    async def _end(self) -> None:
        for port in self._ports:
            port.stopListening()
        try:
            await close_all()
            if running := self._running():
                await asyncio.wait(running, timeout=settings.SERVER_DRAIN_SECONDS)
        finally:
            self.stop()

    def _running(self) -> list["asyncio.Future[None]"]:
        """Requests and sockets that the application has not done with."""
        found = (details.get("application_instance") for details in self.connections.values())
        return [application for application in found if application and not application.done()]

    def kill_all_applications(self) -> "defer.Deferred[Any]":
        """Daphne's own fails on a kept-alive connection without a request."""
        left = self._running()
        for application in left:
            application.cancel()
        ended = asyncio.gather(*left, return_exceptions=True)
        return defer.Deferred.fromFuture(asyncio.ensure_future(ended))


def serve(application: Any, *, host: str, port: int) -> bool:
    """Serve until told to end by SIGTERM or SIGINT. False when it could not listen."""
    WebSocketFactory.protocol = SocketProtocol
    server = DrainingServer(
        application,
        endpoints=[
            f"{endpoint}:backlog={BACKLOG_CONNECTIONS}"
            for endpoint in build_endpoint_description_strings(host=host, port=port)
        ],
        signal_handlers=False,
        ping_interval=settings.SOCKET_PING_SECONDS,
        ping_timeout=settings.SOCKET_PING_TIMEOUT_SECONDS,
        websocket_max_message_size=FRAME_BYTES_MAX,
        websocket_max_frame_size=FRAME_BYTES_MAX,
        server_name="pairly",
    )
    loop = reactor._asyncioEventloop
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.begin_drain)
    server.run()
    return not server.failed
