"""Frames that are no whole text: both servers' parsers still judge them, whatever came before."""

import json
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.frames import Frame, Opcode

from tests.clients import create_people
from tests.conftest import StartServer
from tests.servers import RunningServer
from tests.sizes import servers

DROPPED = 1006
HEARTBEAT = b'{"type":"presence.heartbeat","id":"%d"}'


class RawSocket:
    """A client that says exactly the bytes it is told to."""

    def __init__(self, server: RunningServer, token: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        key = "dGhlIHNhbXBsZSBub25jZQ=="
        lines = [
            "GET /ws/ HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            f"Authorization: Bearer {token}",
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self._buffer = b""
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self._socket.recv(65_536)
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head

    def say(self, *frames: bytes) -> None:
        self._socket.sendall(b"".join(frames))

    def hear(self) -> tuple[int, bytes]:
        """The opcode and the payload of the next frame."""
        first, length = self._take(2)
        if length == 126:
            (length,) = struct.unpack("!H", self._take(2))
        return first & 0x0F, self._take(length)

    def hear_json(self) -> dict[str, object]:
        opcode, payload = self.hear()
        assert opcode == Opcode.TEXT, payload
        found: dict[str, object] = json.loads(payload)
        return found

    def hear_close(self) -> int:
        opcode, payload = self.hear()
        assert opcode == Opcode.CLOSE, payload
        return int.from_bytes(payload[:2], "big")

    def hear_end(self) -> int:
        """The code of the close frame; ``DROPPED`` where the server just hung up."""
        try:
            return self.hear_close()
        except ConnectionError:
            return DROPPED

    def close(self) -> None:
        self._socket.close()

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            more = self._socket.recv(65_536)
            if not more:
                raise ConnectionError(f"the server hung up after {self._buffer!r}")
            self._buffer += more
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken


def frame(opcode: Opcode, payload: bytes, *, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, payload, fin=fin).serialize(mask=mask)


@contextmanager
def opened(server: RunningServer, token: str) -> Iterator[RawSocket]:
    raw = RawSocket(server, token)
    try:
        assert raw.hear_json()["type"] == "ready"
        raw.say(frame(Opcode.TEXT, HEARTBEAT % 0))
        assert raw.hear_json()["id"] == "0"
        yield raw
    finally:
        raw.close()


@pytest.mark.parametrize("kind", servers())
def test_odd_frames_are_judged_by_the_servers_parser(kind: str, start_server: StartServer) -> None:
    server = start_server(kind)
    (person,) = create_people(server, 1, credits=0)
    token = person.token

    with opened(server, token) as raw:  # pieces, pings in between, several at once
        beat = frame(Opcode.TEXT, HEARTBEAT % 1)
        raw.say(beat[:5])
        raw.say(beat[5:], frame(Opcode.PING, b"there?"), frame(Opcode.TEXT, HEARTBEAT % 2))
        heard = [raw.hear() for _ in range(3)]
        assert (Opcode.PONG, b"there?") in heard
        acked = [json.loads(payload)["id"] for opcode, payload in heard if opcode == Opcode.TEXT]
        assert acked == ["1", "2"]
        whole = HEARTBEAT % 3
        raw.say(
            frame(Opcode.TEXT, whole[:9], fin=False),
            frame(Opcode.PING, b"!"),
            frame(Opcode.CONT, whole[9:]),
        )
        assert raw.hear() == (Opcode.PONG, b"!")
        assert raw.hear_json()["id"] == "3"
        raw.say(frame(Opcode.CLOSE, (1000).to_bytes(2, "big")))
        assert raw.hear_close() == 1000

    with opened(server, token) as raw:
        raw.say(frame(Opcode.TEXT, b'"%s"' % (b"x" * 80_000)))
        assert raw.hear_close() == 4413
    dropped = DROPPED if kind == "daphne" else None
    refused = {
        1002: [frame(Opcode.TEXT, HEARTBEAT % 4, mask=False)],
        1007: [frame(Opcode.TEXT, b"\xff\xfe")],
        1009: [frame(Opcode.TEXT, b"x" * (1024 * 1024 + 1))[:20]],
    }
    for code, frames in refused.items():
        with opened(server, token) as raw:
            raw.say(*frames)
            assert raw.hear_end() in (code, dropped), kind
    with opened(server, token) as raw:
        raw.say(frame(Opcode.TEXT, b"{", fin=False), frame(Opcode.TEXT, HEARTBEAT % 5))
        assert raw.hear_end() in (1002, dropped), kind
