"""uvicorn: for where sockets are many."""

import socket
from types import FrameType
from typing import Any

import uvicorn
from django.conf import settings
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

from pairly.realtime.services import close_all
from pairly.serving.frames import FrameReader, text_frame
from pairly.serving.limits import (
    BACKLOG_CONNECTIONS,
    DIRECT_FRAME_BYTES_MAX,
    FRAME_BYTES_MAX,
)

__all__ = ["DrainingServer", "configuration", "serve"]

UNREAD_FRAMES_MAX = 16
"""So many wait for the application before the peer has to."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's, with a short way for whole text frames."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._reader = FrameReader(
            self._take_text, super().data_received, payload_bytes_max=DIRECT_FRAME_BYTES_MAX
        )
        self._waits_for_us = True

    def data_received(self, data: bytes) -> None:
        """Who sends frames before the handshake is done has all of them go the long way."""
        if self.handshake_complete and self._waits_for_us:
            self._reader.feed(data)
            return
        if self.handshake_initiated:
            self._waits_for_us = False
        super().data_received(data)
        if self.handshake_initiated and not data.endswith(b"\r\n\r\n"):
            self._waits_for_us = False

    def _take_text(self, text: str) -> None:
        if self.close_sent:
            return
        self.queue.put_nowait({"type": "websocket.receive", "text": text})
        if not self.read_paused and self.queue.qsize() >= UNREAD_FRAMES_MAX:
            self.read_paused = True
            self.transport.pause_reading()

    async def send(self, message: Any) -> None:
        text = message.get("text") if message["type"] == "websocket.send" else None
        if text is None or not self._is_open():
            await super().send(message)
            return
        self.transport.write(text_frame(text))

    def _is_open(self) -> bool:
        """Whether a frame may be written at once."""
        return (
            self.handshake_complete
            and not self.disconnected
            and not self.close_sent
            and self.writable.is_set()
            and self.conn.state is State.OPEN
        )


class DrainingServer(uvicorn.Server):
    """Closes sockets with 4012 before uvicorn would with 1012, and ends without a signal of
    its own, so that what comes after the server still happens."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        await close_all()
        await super().shutdown(sockets)


def configuration(application: Any, *, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        host=host,
        port=port,
        backlog=BACKLOG_CONNECTIONS,
        loop="uvloop",
        http="httptools",
        ws=SocketProtocol,
        ws_max_size=FRAME_BYTES_MAX,
        ws_ping_interval=settings.SOCKET_PING_SECONDS,
        ws_ping_timeout=settings.SOCKET_PING_TIMEOUT_SECONDS,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # core.throttling reads them, by TRUSTED_PROXY_COUNT alone
        server_header=False,
        timeout_graceful_shutdown=settings.SERVER_DRAIN_SECONDS,
    )


def serve(application: Any, *, host: str, port: int) -> bool:
    """Serve until told to end by SIGTERM or SIGINT. False when it could not listen."""
    server = DrainingServer(configuration(application, host=host, port=port))
    server.run()
    return server.started
