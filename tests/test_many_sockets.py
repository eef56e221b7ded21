"""The server restarts, everybody comes back at once, and nobody has missed anything."""

import asyncio
import json
from collections.abc import Sequence
from typing import Self

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.clients import Json, Person, create_people
from tests.conftest import StartServer
from tests.servers import RunningServer
from tests.sizes import examples, servers

SOCKETS = examples(small=100, ci=100, torture=2000)
RECEIVERS_OF_A_WRITER = 12
"""As many as one may write to twice at once, with the limits of rate that production has."""
RESTART = 4012
SECONDS_MAX = 120


class Line:
    """One person's socket on this event loop."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.position = 0

    async def open(self) -> Self:
        self._socket = await connect(
            f"ws{self.person.url.removeprefix('http')}/ws/",
            additional_headers={"Authorization": f"Bearer {self.person.token}"},
            compression=None,
            proxy=None,
            open_timeout=SECONDS_MAX,
            ping_interval=None,
        )
        ready = await self.hear()
        assert ready["type"] == "ready"
        self.position = ready["data"]["position"]
        return self

    async def hear(self) -> Json:
        frame: Json = json.loads(await asyncio.wait_for(self._socket.recv(), SECONDS_MAX))
        return frame

    async def hear_event(self, type: str) -> Json:
        """The next of this type; others are passed over."""
        while (frame := await self.hear())["type"] != type:
            pass
        return frame

    async def ask(self, type: str, data: Json) -> Json:
        await self._socket.send(json.dumps({"type": type, "id": "x", "data": data}))
        while (answer := await self.hear())["type"] not in ("ack", "error"):
            pass
        assert (answer["type"], answer["id"]) == ("ack", "x"), answer
        found: Json = answer["data"]
        return found

    async def close_code(self) -> int | None:
        with pytest.raises(ConnectionClosed) as closed:
            await self.hear()
        return closed.value.rcvd.code if closed.value.rcvd else None

    async def close(self) -> None:
        await self._socket.close()


@pytest.mark.parametrize("kind", servers())
def test_everybody_comes_back_at_once(start_server: StartServer, kind: str) -> None:
    server = start_server(kind, {"PAIRLY_RATE_LIMITS": "on"})
    people = create_people(server, SOCKETS + SOCKETS // RECEIVERS_OF_A_WRITER, credits=100)
    asyncio.run(come_back(server, people[:SOCKETS], people[SOCKETS:]))
    assert "Traceback" not in server.log()


async def come_back(
    server: RunningServer, people: Sequence[Person], writers: Sequence[Person]
) -> None:
    lines = await opened(people)
    ended = asyncio.to_thread(server.terminate)
    status, *codes = await asyncio.gather(ended, *(line.close_code() for line in lines))
    assert (status, set(codes)) == (0, {RESTART})
    await asyncio.to_thread(server.restart)
    writing = await opened(writers)
    await write(writing, people, "while you were away")

    back = await opened(people)
    for before, line in zip(lines, back, strict=True):
        assert line.position > before.position
        missed = await line.ask("sync", {"since": before.position})
        assert texts(missed["events"]) == ["while you were away"]
    # And all of these sockets are held, not merely opened.
    await write(writing, people, "now")
    for line in back:
        assert texts([await line.hear_event("message.new")]) == ["now"]
    await asyncio.gather(*(line.close() for line in [*back, *writing]))


async def opened(people: Sequence[Person]) -> list[Line]:
    """All at the same moment."""
    return list(await asyncio.gather(*(Line(person).open() for person in people)))


async def write(writing: Sequence[Line], people: Sequence[Person], text: str) -> None:
    async def to_some(writer: Line, receivers: Sequence[Person]) -> None:
        for person in receivers:
            wish = {"client_id": f"{text} {person.id}", "kind": "text", "text": text}
            await writer.ask("message.send", wish | {"to_user_id": person.id})

    await asyncio.gather(
        *(to_some(one, people[number :: len(writing)]) for number, one in enumerate(writing))
    )


def texts(frames: Sequence[Json]) -> list[str]:
    """Of the messages among them."""
    new = [frame for frame in frames if frame["type"] == "message.new"]
    return [frame["data"]["message"]["text"] for frame in new]
