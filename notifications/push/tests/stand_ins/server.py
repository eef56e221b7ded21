"""The HTTP side that the stand-ins of Web Push and Firebase share: scripted answers, in order."""

import socket
import struct
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

__all__ = ["GARBAGE", "HANG", "RESET", "Asked", "Said", "StandIn"]

HANG_SECONDS_MAX = 60


@dataclass(frozen=True)
class Asked:
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Said:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    resets: bool = False


HANG, RESET = Said(0, hangs=True), Said(0, resets=True)
GARBAGE = Said(200, b"<html>It works!</html>\x00\xff")


class StandIn:
    """A server on a free port, until ``stop``. What is put into ``next`` is said first; else
    ``answer`` decides."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.next: deque[Said] = deque()
        self._stopped = Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def answer(self, asked: Asked) -> Said:
        raise NotImplementedError

    def say(self, asked: Asked) -> Said:
        self.asked.append(asked)
        return self.next.popleft() if self.next else self.answer(asked)

    def hang(self) -> None:
        self._stopped.wait(HANG_SECONDS_MAX)

    def stop(self) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            said = stand_in.say(Asked(self.path, headers, body))
            if said.hangs:
                stand_in.hang()
            if said.hangs or said.resets:
                return self._reset()
            with suppress(OSError):
                self.send_response(said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said.body)))
                self.end_headers()
                self.wfile.write(said.body)

        def _reset(self) -> None:
            self.close_connection = True
            with suppress(OSError):
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()

        def log_message(self, *_arguments: Any) -> None:
            pass

    return Handler
