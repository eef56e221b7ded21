"""Redis goes and comes back between two processes: nothing is lost, and nobody has to ask."""

import asyncio
from uuid import uuid4

import pytest

from tests.clients import Person, create_people, text_message
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
def servers(start_server: StartServer, redis_server: RedisServer) -> Servers:
    environment = {"REDIS_URL": redis_server.url}
    return start_server("daphne", environment), start_server("uvicorn", environment)


def test_redis_goes_and_comes_back(servers: Servers, redis_server: RedisServer) -> None:
    people = create_people(servers[0], 2 * PAIRS + 2, credits=CREDITS)
    check_that_devices_hear(people[0], people[1], servers, redis_server)
    asyncio.run(check_that_nothing_is_lost(people[2:], servers, redis_server))
    assert "verifies" in servers[0].do("verify_ledger")
    for server in servers:
        assert "internal_error" not in server.log()


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

    def heard() -> str:
        return str(far.event("message.new")["data"]["message"]["text"])

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
    assert far.quiet() == []
    assert [event["data"]["message"]["text"] for event in far.catch_up(far.position)] == [
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
