"""The HTTP side that both stand-ins share, and its troubles."""

import json
import re
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.db import connections

__all__ = ["Answer", "Asked", "StandIn", "Wrong"]

HANG_SECONDS_MAX = 30
Answer = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A request as it came; ``form`` is its query or body, by names as they were written."""

    method: str
    path: str
    headers: Mapping[str, str]
    form: dict[str, Any]


class Wrong(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: Answer) -> None:
        self.status, self.body = status, body


class StandIn:
    """A server on a free port, until ``stop``. A subclass answers, by its ``routes``: method,
    pattern of the path, and what is called with the form and the pattern's groups.

    ``made`` counts what was created, ``asked`` keeps every request.
    """

    routes: Sequence[tuple[str, str, Callable[..., Answer]]]

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.made = 0
        self._troubles: deque[tuple[str, str]] = deque()
        self._stopped = Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def trouble(self, *kinds: str, method: str = "") -> None:
        """Have the next requests (of that method) end so, one kind for each, in order:

        ``500``, ``429``, ``409``, ``403`` as from a proxy, ``garbage`` and ``other`` (JSON of
        another shape) with status 200, ``reset`` before anything is done, ``lost``: done, and
        the answer never arrives; ``hang``.
        """
        self._troubles.extend((kind, method) for kind in kinds)

    def answer(self, asked: Asked) -> Answer:
        """Raises ``Wrong``."""
        raise NotImplementedError

    def route(self, asked: Asked) -> Callable[[], Answer] | None:
        """What answers the request; None for what there is not."""
        for method, pattern, answer in self.routes:
            found = re.fullmatch(pattern, asked.path)
            if found and method == asked.method:
                return partial(answer, asked.form, *found.groups())
        return None

    def next_trouble(self, method: str) -> str:
        for trouble in self._troubles:
            if trouble[1] in ("", method):
                self._troubles.remove(trouble)
                return trouble[0]
        return ""

    def hang(self) -> None:
        self._stopped.wait(HANG_SECONDS_MAX)


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # headers and body in one packet; the second would wait for the first

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, *_arguments: Any) -> None:
            pass

        def _answer(self) -> None:
            asked = _read(self)
            stand_in.asked.append(asked)
            trouble = stand_in.next_trouble(asked.method)
            try:
                _end(self, stand_in, trouble, lambda: stand_in.answer(asked))
            finally:
                connections.close_all()

    return Handler


def _read(handler: BaseHTTPRequestHandler) -> Asked:
    parts = urlsplit(handler.path)
    body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    if "json" in (handler.headers.get("Content-Type") or "") and body:
        form = json.loads(body)
    else:
        form = dict(parse_qsl(parts.query) + parse_qsl(body.decode()))
    headers = {name.lower(): value for name, value in handler.headers.items()}
    return Asked(handler.command, parts.path, headers, form)


def _end(
    handler: BaseHTTPRequestHandler, stand_in: StandIn, trouble: str, answer: Callable[[], Answer]
) -> None:
    if trouble == "reset":
        return _reset(handler)
    if trouble == "hang":
        stand_in.hang()
        return _reset(handler)
    if trouble == "garbage":
        return _send(handler, 200, b"<html>It works!</html>")
    if trouble == "other":
        return _send(handler, 200, b'{"id": 7, "status": "ok"}')
    if trouble == "403":
        return _send(handler, 403, b"<html>Forbidden</html>")
    if trouble.isdigit():
        error = {"type": "api_error", "code": "SERVER_ERROR", "message": "Try again."}
        return _send(handler, int(trouble), json.dumps({"error": error}).encode())
    try:
        status, body = 200, answer()
    except Wrong as wrong:
        status, body = wrong.status, wrong.body
    if trouble == "lost":
        return _reset(handler)
    return _send(handler, status, json.dumps(body).encode())


def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
    with suppress(OSError):  # Who asked may have given up.
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("Request-Id", f"req_{time.time_ns()}")
        handler.end_headers()
        handler.wfile.write(body)


def _reset(handler: BaseHTTPRequestHandler) -> None:
    """End the connection with a reset and not in an orderly way."""
    handler.close_connection = True
    with suppress(OSError):
        linger = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.connection.close()
