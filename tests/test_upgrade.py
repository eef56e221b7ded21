"""A server is replaced by another while people write, and nobody loses or repeats anything."""

import asyncio
from collections.abc import Callable

import pytest

from tests.clients import create_people
from tests.conftest import StartServer
from tests.load import Load, Sender, check_conversation
from tests.redis_server import RedisServer
from tests.servers import RunningServer

pytestmark = pytest.mark.mongodb(only=True, from_ci=True)

PEOPLE = 6
CREDITS = 100_000
ACKS = 60
SECONDS_MAX = 120


def test_a_server_is_replaced_while_people_write(
    start_server: StartServer, redis_server: RedisServer
) -> None:
    """As docs/operating.md has it: the new one serves beside the old one, which then drains."""
    environment = {"REDIS_URL": redis_server.url}
    old = start_server("uvicorn", environment)
    people = create_people(old, PEOPLE, credits=CREDITS)
    senders = [
        Sender(person, person.open_conversation(people[number ^ 1]))
        for number, person in enumerate(people)
    ]
    asyncio.run(replace(old, lambda: start_server("uvicorn", environment), senders))
    for first, second in zip(senders[::2], senders[1::2], strict=True):
        check_conversation(first, second, credits=CREDITS)


async def replace(
    old: RunningServer, start_new: Callable[[], RunningServer], senders: list[Sender]
) -> None:
    load = Load(senders)
    await load.until_acks(ACKS, SECONDS_MAX)
    new = await asyncio.to_thread(start_new)
    for sender in senders:  # a proxy sends whoever comes from now on to the new one
        sender.person = sender.person.at(new.url)
    await load.until_acks(load.acks + ACKS, SECONDS_MAX)
    assert await asyncio.to_thread(old.terminate) == 0
    await load.until_acks(load.acks + ACKS, SECONDS_MAX)
    await load.finish(SECONDS_MAX)
    assert "Traceback" not in old.log() + new.log()
