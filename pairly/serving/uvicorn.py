"""uvicorn: for where sockets are many."""

import socket
from types import FrameType
from typing import Any

import uvicorn
from django.conf import settings

from pairly.realtime.services import close_all
from pairly.serving.limits import FRAME_BYTES_MAX, PING_SECONDS, PING_TIMEOUT_SECONDS

__all__ = ["DrainingServer", "configuration", "serve"]


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
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=FRAME_BYTES_MAX,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_TIMEOUT_SECONDS,
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
