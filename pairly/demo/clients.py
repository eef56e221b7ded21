"""A person with devices, as a client sees the server: JSON over HTTP, frames over a socket."""

import itertools
import json
from collections import deque
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

__all__ = ["PASSWORD", "Closed", "Person", "Refused", "Socket"]

PASSWORD = "quiet-harbour-42"  # noqa: S105 - of people who live for one story.
ANSWER_SECONDS_MAX = 40

Json = dict[str, Any]


class Refused(Exception):
    """An error frame, or an answer with problem details. ``error`` is its body as it came."""

    def __init__(self, error: Json, status: int | None = None) -> None:
        self.error, self.status = error, status
        self.code: str = error.get("code", "")
        self.trace_id: str = error.get("trace_id", "")
        where = f"{status} " if status else ""
        super().__init__(f"{where}{self.code}: {error.get('detail', '')}")


class Closed(Exception):
    """The server closed the socket, with this code (None: the connection broke)."""

    def __init__(self, code: int | None) -> None:
        self.code = code
        super().__init__(f"the socket was closed with {code}")


class Socket:
    """One WebSocket of a person. Frames that nobody asked for yet wait in ``pending``."""

    def __init__(
        self,
        url: str,
        token: str | None,
        path: str = "/ws/",
        *,
        ticket: str | None = None,
        origin: str | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        parts = urlsplit(url)
        scheme = "wss" if parts.scheme == "https" else "ws"
        query = f"?ticket={ticket}" if ticket else ""
        self.connection: ClientConnection = connect(
            f"{scheme}://{parts.netloc}{path}{query}",
            additional_headers=headers,
            origin=Origin(origin) if origin else None,
            compression=None,
            proxy=None,
            max_queue=None,
            max_size=None,
            legacy=True,  # connect at once: a socket outlives any block here
        )
        self.pending: deque[Json] = deque()
        self._ids = itertools.count(1)
        self.ready: Json = {}

    def open(self) -> Self:
        """Wait for the ready frame, which must be the first. Raises ``Closed``."""
        frame = self._receive()
        if frame["type"] != "ready":
            raise AssertionError(f"the first frame was {frame}")
        self.ready = frame["data"]
        return self

    @property
    def position(self) -> int:
        """Where the person's events stood when this socket opened."""
        return int(self.ready["position"])

    def send(self, type: str, data: Json | None = None) -> str:
        """Send a command and do not wait; its id."""
        command_id = f"c{next(self._ids)}"
        self.send_raw(json.dumps({"type": type, "id": command_id, "data": data or {}}))
        return command_id

    def send_raw(self, frame: str | bytes, *, as_text: bool | None = None) -> None:
        """Send anything at all; with ``as_text``, bytes go out in a text frame as they are."""
        try:
            self.connection.send(frame, text=as_text)
        except ConnectionClosed as closed:
            raise _closed(closed) from closed

    def answer(self, command_id: str | None) -> Json:
        """The ack of a command. Raises ``Refused`` when it is an error."""
        frame = self._next(lambda f: f["type"] in ("ack", "error") and f.get("id") == command_id)
        if frame["type"] == "error":
            raise Refused(frame["error"])
        return frame

    def command(self, type: str, data: Json | None = None) -> Json:
        """Send a command and take its ack's data. Raises ``Refused``."""
        data_out: Json = self.answer(self.send(type, data))["data"]
        return data_out

    def event(self, type: str) -> Json:
        """The next event of this type; others stay waiting."""
        return self._next(lambda f: f["type"] == type)

    def quiet(self) -> list[Json]:
        """What has arrived unasked, after everything sent before has been answered."""
        self.command("presence.heartbeat")
        frames, self.pending = list(self.pending), deque()
        return frames

    def catch_up(self, since: int) -> list[Json]:
        """Every event after a position, in order: ask until the position stands still."""
        events: list[Json] = []
        while True:
            answer = self.command("sync", {"since": since})
            if answer["resync"]:
                raise AssertionError(f"the log no longer reaches back to {since}")
            events += answer["events"]
            if answer["position"] == since:
                return events
            since = answer["position"]

    def close_code(self) -> int | None:
        """Wait for the server to close; the code, None when the connection broke."""
        try:
            while True:
                self._receive()
        except Closed as closed:
            return closed.code

    def close(self) -> None:
        self.connection.close()

    def _next(self, wanted: Callable[[Json], bool]) -> Json:
        for index, frame in enumerate(self.pending):
            if wanted(frame):
                del self.pending[index]
                return frame
        while True:
            frame = self._receive()
            if wanted(frame):
                return frame
            self.pending.append(frame)

    def _receive(self) -> Json:
        try:
            frame: Json = json.loads(self.connection.recv(timeout=ANSWER_SECONDS_MAX))
        except ConnectionClosed as closed:
            raise _closed(closed) from closed
        return frame


def _closed(error: ConnectionClosed) -> Closed:
    return Closed(error.rcvd.code if error.rcvd else None)


class Person:
    """Somebody with an account, on one device; ``http`` carries that device's token."""

    def __init__(
        self, url: str, *, id: str, email: str, token: str, password: str = PASSWORD
    ) -> None:
        self.url, self.id, self.email, self.token = url, id, email, token
        self.password = password
        self.http = httpx.Client(
            base_url=f"{url}/api/v1/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=ANSWER_SECONDS_MAX,
            trust_env=False,
        )
        self._sockets: list[Socket] = []

    @classmethod
    def register(cls, url: str, name: str = "Ava", **fields: Any) -> Self:
        """A new adult with this display name, signed in. Raises ``Refused``."""
        email = fields.pop("email", f"{name.lower()}-{uuid4().hex[:12]}@example.test")
        body = {"email": email, "password": PASSWORD, "display_name": name} | fields
        body.setdefault("birth_date", "1990-05-17")
        found = _json(_post(url, "auth/register", body))
        return cls(url, id=found["user"]["id"], email=email, token=found["token"])

    def sign_in(self, device_name: str = "tablet") -> Self:
        """The same person on another device."""
        body = {"email": self.email, "password": self.password, "device_name": device_name}
        token = _json(_post(self.url, "auth/login", body))["token"]
        return self.at(self.url, token=token)

    def at(self, url: str, *, token: str | None = None) -> Self:
        """The same person at another address of the server, or on the device of that token."""
        return type(self)(
            url,
            id=self.id,
            email=self.email,
            token=token or self.token,
            password=self.password,
        )

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer, None where it has none. Raises ``Refused``."""
        return _json(self.http.request(method, path, json=body))

    def socket(self, path: str = "/ws/", *, ticket: str | None = None) -> Socket:
        """Open a socket with the token, or with a ticket in its place."""
        token = None if ticket else self.token
        socket = Socket(self.url, token, path, ticket=ticket).open()
        self._sockets.append(socket)
        return socket

    def open_conversation(self, other: "Person") -> str:
        return str(self.call("POST", "conversations", {"user_id": other.id})["id"])

    def wallet(self) -> dict[str, int]:
        found: dict[str, int] = self.call("GET", "wallet")
        return found

    def all_of(self, path: str, pages_max: int = 50) -> list[Json]:
        """Every row of a list, page after page."""
        rows: list[Json] = []
        following: str | None = path
        while following and pages_max:
            page = self.call("GET", following)
            rows += page["results"]
            following, pages_max = page["next"], pages_max - 1
        return rows

    def close(self) -> None:
        for socket in self._sockets:
            socket.close()
        self.http.close()


def _post(url: str, path: str, body: Json) -> httpx.Response:
    return httpx.post(
        f"{url}/api/v1/{path}", json=body, timeout=ANSWER_SECONDS_MAX, trust_env=False
    )


def _json(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json() if answer.content else None
    try:
        error = answer.json()
    except ValueError:
        error = {"code": "", "detail": answer.text[:200]}
    raise Refused(error, answer.status_code)
