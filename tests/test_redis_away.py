"""Redis goes and comes back between two processes: nothing is lost, and nobody has to ask."""

import asyncio
from collections import deque
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.clients import Json, Person, Socket, create_people, text_message
from tests.conftest import StartServer
from tests.load import Load, Sender, check_conversation
from tests.redis_server import RedisServer
from tests.servers import RunningServer
from tests.sizes import examples

pytestmark = pytest.mark.mongodb(only=True)

CREDITS = 100_000
PAIRS = 4
SECONDS_MAX = 120

Servers = tuple[RunningServer, RunningServer]


@pytest.fixture
def mortal_redis(redis_server: RedisServer) -> Iterator[RedisServer]:
    """One of its own, so that it is away for nobody else."""
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture
def servers(start_server: StartServer, mortal_redis: RedisServer) -> Servers:
    environment = {"REDIS_URL": mortal_redis.url}
    return start_server("daphne", environment), start_server("uvicorn", environment)


def test_redis_goes_and_comes_back(servers: Servers, mortal_redis: RedisServer) -> None:
    people = create_people(servers[0], 2 * PAIRS + 2, credits=CREDITS)
    check_that_devices_hear(people[0], people[1], servers, mortal_redis)
    asyncio.run(check_that_nothing_is_lost(people[2:], servers, mortal_redis))
    assert "verifies" in servers[0].do("verify_ledger")
    for server in servers:
        assert "internal_error" not in server.log()


class Follower:
    """A device that keeps to docs/realtime.md: it asks only when it sees that something is
    missing."""

    def __init__(self, socket: Socket) -> None:
        self._socket, self._position = socket, socket.position
        self._texts: deque[str] = deque()

    def next_text(self) -> str:
        while not self._texts:
            pending = self._socket.pending
            self._take(pending.popleft() if pending else self._socket._receive())
        return self._texts.popleft()

    def _take(self, frame: Json) -> None:
        if frame.get("position", 0) <= self._position:
            return
        is_next = frame["position"] == self._position + 1
        for event in [frame] if is_next else self._socket.catch_up(self._position):
            self._position = event["position"]
            if event["type"] == "message.new":
                self._texts.append(event["data"]["message"]["text"])


def check_that_devices_hear(
    ava: Person, ben: Person, servers: Servers, redis_server: RedisServer
) -> None:
    """Ava writes at the one process, Ben is at the other and only listens."""
    there = ben.at(servers[1].url)
    conversation = ava.open_conversation(ben)
    sender, far, tablet = ava.socket(), there.socket(), there.sign_in()
    gone = tablet.socket()

    def send(text: str) -> None:
        sender.command("message.send", text_message(conversation, text, str(uuid4())))

    heard = Follower(far).next_text
    send("before")
    assert heard() == "before"
    redis_server.kill()
    send("while it is away")
    assert heard() == "while it is away"
    # A sign-out that cannot be told ends the socket too.
    assert tablet.at(servers[0].url).http.post("auth/logout").status_code == 204
    assert gone.close_code() == 4401
    redis_server.start()
    send("when it is back")
    assert heard() == "when it is back"
    kept = [event for event in far.catch_up(far.position) if event["type"] == "message.new"]
    assert [event["data"]["message"]["text"] for event in kept] == [
        "before",
        "while it is away",
        "when it is back",
    ]


async def check_that_nothing_is_lost(
    people: list[Person], servers: Servers, redis_server: RedisServer
) -> None:
    """Each of two writes at another process, as fast as they are acked."""
    senders = [
        Sender(person.at(servers[number % 2].url), person.open_conversation(people[number ^ 1]))
        for number, person in enumerate(people)
    ]
    some = examples(small=50, ci=300, torture=2000)
    load = Load(senders)
    for _ in range(examples(small=1, ci=2, torture=5)):
        await load.until_acks(load.acks + some, SECONDS_MAX)
        await asyncio.to_thread(redis_server.kill)
        await load.until_acks(load.acks + some, SECONDS_MAX)
        await asyncio.to_thread(redis_server.start)
    await load.until_acks(load.acks + some, SECONDS_MAX)
    await load.finish(SECONDS_MAX)
    for first, second in zip(senders[::2], senders[1::2], strict=True):
        await asyncio.to_thread(check_conversation, first, second, credits=CREDITS)
