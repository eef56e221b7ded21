"""Outside clients for tests: a person with HTTP and sockets, nothing of the server imported."""

import itertools
import json
from collections import deque
from typing import Any
from urllib.parse import urlsplit

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

PASSWORD = "quiet-harbour-42"  # noqa: S105 - of people who live for one test.
ANSWER_SECONDS_MAX = 20


class Refused(Exception):
    """An error frame; ``code`` is what tests look at."""

    def __init__(self, frame: dict[str, Any]) -> None:
        self.frame, self.error = frame, frame["error"]
        self.code: str = frame["error"]["code"]
        super().__init__(f"{self.code}: {frame['error']['detail']}")


class Socket:
    """One WebSocket of a person. Frames that nobody asked for yet wait in ``pending``."""

    def __init__(self, url: str, token: str | None, path: str = "/ws/") -> None:
        parts = urlsplit(url)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.connection: ClientConnection = connect(
            f"ws://{parts.netloc}{path}", additional_headers=headers, compression=None
        )
        self.pending: deque[dict[str, Any]] = deque()
        self._ids = itertools.count(1)
        self.ready: dict[str, Any] = {}

    def open(self) -> "Socket":
        """Wait for the ready frame, which must be the first."""
        frame = self._receive()
        assert frame["type"] == "ready", frame
        self.ready = frame["data"]
        return self

    @property
    def position(self) -> int:
        return int(self.ready["position"])

    def send(self, type: str, data: dict[str, Any] | None = None) -> str:
        """Send a command and do not wait; its id."""
        command_id = f"c{next(self._ids)}"
        self.send_raw(json.dumps({"type": type, "id": command_id, "data": data or {}}))
        return command_id

    def send_raw(self, text: str | bytes) -> None:
        self.connection.send(text)

    def answer(self, command_id: str | None) -> dict[str, Any]:
        """The ack of a command. Raises ``Refused`` when it is an error."""
        frame = self._next(lambda f: f["type"] in ("ack", "error") and f.get("id") == command_id)
        if frame["type"] == "error":
            raise Refused(frame)
        return frame

    def command(self, type: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a command and take its ack's data. Raises ``Refused``."""
        data_out: dict[str, Any] = self.answer(self.send(type, data))["data"]
        return data_out

    def event(self, type: str) -> dict[str, Any]:
        """The next event of this type; others stay waiting."""
        return self._next(lambda f: f["type"] == type)

    def quiet(self) -> list[dict[str, Any]]:
        """What has arrived unasked, after everything sent before has been answered."""
        self.command("presence.heartbeat")
        frames, self.pending = list(self.pending), deque()
        return frames

    def close_code(self) -> int:
        """Wait for the server to close; the code."""
        try:
            while True:
                self._receive()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None, "the connection broke without a close frame"
            return closed.rcvd.code

    def close(self) -> None:
        self.connection.close()

    def _next(self, wanted: Any) -> dict[str, Any]:
        for index, frame in enumerate(self.pending):
            if wanted(frame):
                del self.pending[index]
                return frame
        while True:
            frame = self._receive()
            if wanted(frame):
                return frame
            self.pending.append(frame)

    def _receive(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(self.connection.recv(timeout=ANSWER_SECONDS_MAX))
        return frame


class Person:
    """Somebody with an account; ``http`` carries the token."""

    _numbers = itertools.count(1)

    def __init__(self, url: str, *, id: str, email: str, token: str) -> None:
        self.url, self.id, self.email, self.token = url, id, email, token
        self.http = httpx.Client(
            base_url=f"{url}/api/v1/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=ANSWER_SECONDS_MAX,
        )
        self._sockets: list[Socket] = []

    @classmethod
    def register(cls, url: str, name: str = "Ava", **fields: Any) -> "Person":
        email = fields.pop("email", f"{name.lower()}-{next(cls._numbers)}@example.test")
        body = {"email": email, "password": PASSWORD, "display_name": name} | fields
        body.setdefault("birth_date", "1990-05-17")
        answer = httpx.post(f"{url}/api/v1/auth/register", json=body, timeout=ANSWER_SECONDS_MAX)
        assert answer.status_code == 201, answer.text
        found = answer.json()
        return cls(url, id=found["user"]["id"], email=email, token=found["token"])

    def sign_in(self) -> "Person":
        """The same person on another device."""
        answer = httpx.post(
            f"{self.url}/api/v1/auth/login", json={"email": self.email, "password": PASSWORD}
        )
        assert answer.status_code == 200, answer.text
        return Person(self.url, id=self.id, email=self.email, token=answer.json()["token"])

    def socket(self, path: str = "/ws/") -> Socket:
        socket = Socket(self.url, self.token, path).open()
        self._sockets.append(socket)
        return socket

    def open_conversation(self, other: "Person") -> str:
        answer = self.http.post("conversations", json={"user_id": other.id})
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["id"])

    def wallet(self) -> dict[str, int]:
        found: dict[str, int] = self.http.get("wallet").json()
        return found

    def close(self) -> None:
        for socket in self._sockets:
            socket.close()
        self.http.close()
