"""``kill -9`` under load: what was acked is there, once, charged once, and nothing is half done."""

import asyncio
import os
import random
import time
from collections.abc import Iterator
from typing import Any

import pymongo
import pytest
from django.conf import settings

from tests.clients import create_people
from tests.conftest import StartServer, Tell
from tests.load import Load, Sender, check_conversation
from tests.servers import RunningServer
from tests.sizes import examples, is_torture

pytestmark = pytest.mark.mongodb(from_ci=True)

PEOPLE = examples(small=20, ci=20, torture=100)
KILLS = examples(small=3, ci=3, torture=20)
MESSAGES = examples(small=600, ci=1000, torture=10_000)
CREDITS = 1_000_000
SERVER_SECONDS_MAX = 120
LIFETIME = "transactionLifetimeLimitSeconds"


@pytest.fixture(autouse=True)
def brief_transactions(database: None) -> Iterator[None]:
    """What a dead process had locked stays locked until mongod ends its transaction, by default
    after 60 s. docs/architecture.md tells operators to set less, and so does this test."""
    if not settings.MONGODB:
        yield
        return
    client: pymongo.MongoClient[Any]
    with pymongo.MongoClient(os.environ["DATABASE_URL"]) as client:
        before = client.admin.command({"getParameter": 1, LIFETIME: 1})[LIFETIME]
        client.admin.command({"setParameter": 1, LIFETIME: 2})
        yield
        client.admin.command({"setParameter": 1, LIFETIME: before})


def test_acked_means_committed(start_server: StartServer, tell_progress: Tell) -> None:
    """So many times the server dies in the middle of its work."""
    server = start_server("daphne")
    people = create_people(server, PEOPLE, credits=CREDITS)
    senders = [
        Sender(person, person.open_conversation(people[number ^ 1]))
        for number, person in enumerate(people)
    ]
    asyncio.run(kill_under_load(server, senders, tell_progress))

    if not settings.MONGODB:
        assert sum(sender.failed for sender in senders) == 0
    assert sum(sender.resent for sender in senders) > 0, "no kill met a message under way"
    for first, second in zip(senders[::2], senders[1::2], strict=True):
        check_conversation(first, second, credits=CREDITS)
    tell_progress("nothing lost, nothing twice, nothing charged wrongly")
    assert "verifies" in server.do("verify_ledger")
    # And once more after an orderly end, when everything is sealed.
    assert server.terminate() == 0
    assert "waiting" not in server.do("verify_ledger")


async def kill_under_load(server: RunningServer, senders: list[Sender], tell: Tell) -> None:
    """The moments are counted in acks, whatever the machine's speed; the same each time, but for
    torture, which looks for new ones. The line of code that dies is another at each run."""
    seed = time.time_ns() if is_torture() else 1
    tell(f"{len(senders)} people, {KILLS} kills, {MESSAGES} messages, seed {seed}")
    moments = random.Random(seed)
    load = Load(senders)
    for kill in range(1, KILLS + 1):
        acks = load.acks + moments.randint(50, 2 * MESSAGES // KILLS)
        await load.until_acks(acks, SERVER_SECONDS_MAX)
        server.kill()
        await asyncio.to_thread(server.restart)
        # It does not merely start, it works: a new message of everybody's is acked.
        await load.until_acks(load.acks + PEOPLE, SERVER_SECONDS_MAX)
        tell(f"killed {kill} times, {load.acks} acked")
    await load.until_acks(MESSAGES, SERVER_SECONDS_MAX)
    await load.finish(SERVER_SECONDS_MAX)
    tell(f"{load.acks} acked, {sum(sender.resent for sender in senders)} of them sent again")
