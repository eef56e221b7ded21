"""``kill -9`` under load: what was acked is there, once, charged once, and nothing is half done."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pymongo
import pytest
from django.conf import settings

from tests.clients import Json, Person, create_people
from tests.conftest import StartServer
from tests.load import Load, Sender
from tests.servers import RunningServer
from tests.sizes import examples

pytestmark = pytest.mark.mongodb

PEOPLE = 20
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


def test_acked_means_committed(start_server: StartServer) -> None:
    """Three times (twenty under torture) the server dies in the middle of its work."""
    server = start_server("daphne")
    people = create_people(server, PEOPLE, credits=CREDITS)
    senders = [
        Sender(person, person.open_conversation(people[number ^ 1]))
        for number, person in enumerate(people)
    ]
    asyncio.run(kill_under_load(server, senders))

    if not settings.MONGODB:
        assert sum(sender.failed for sender in senders) == 0
    assert sum(sender.resent for sender in senders) > 0, "no kill met a message under way"
    for first, second in zip(senders[::2], senders[1::2], strict=True):
        check_conversation(first, second)
    assert "verifies" in server.do("verify_ledger")
    # And once more after an orderly end, when everything is sealed.
    assert server.terminate() == 0
    assert "waiting" not in server.do("verify_ledger")


async def kill_under_load(server: RunningServer, senders: list[Sender]) -> None:
    """The moments are drawn once for all and counted in acks, whatever the machine's speed; the
    line of code that dies is another at each run."""
    moments = random.Random("acked means committed")
    kills = examples(small=3, ci=3, torture=20)
    acks_max = examples(small=600, ci=3000, torture=6000)
    load = Load(senders)
    for _ in range(kills):
        await load.until_acks(load.acks + moments.randint(50, acks_max), SERVER_SECONDS_MAX)
        server.kill()
        await asyncio.to_thread(server.restart)
        # It does not merely start, it works: a new message of everybody's is acked.
        await load.until_acks(load.acks + PEOPLE, SERVER_SECONDS_MAX)
    await load.finish(SERVER_SECONDS_MAX)


def check_conversation(first: Sender, second: Sender) -> None:
    stored = first.person.all_of(
        f"conversations/{first.conversation_id}/messages?after_seq=0&limit=100", pages_max=100_000
    )
    assert [message["seq"] for message in stored] == list(range(1, len(stored) + 1))
    # Nothing is stored but what was acked, since in the end everything was; each exactly once.
    promised = first.acked | second.acked
    assert len(promised) == len(first.acked) + len(second.acked)
    assert {message["client_id"]: message for message in stored} == promised
    assert len(stored) == len(promised)
    for sender in (first, second):
        check_charges(sender.person, sender.acked, received=len(promised) - len(sender.acked))


def check_charges(person: Person, acked: dict[str, Json], *, received: int) -> None:
    left = CREDITS - len(acked)
    assert person.wallet() == {
        "balance": left,
        "held": 0,
        "available": left,
        "debt": 0,
        "frozen": False,
    }
    transactions = person.all_of("wallet/transactions?limit=100", pages_max=100_000)
    charged = Counter(row["id"] for row in transactions if row["kind"] == "message")
    assert charged == {f"message:{message['id']}": 1 for message in acked.values()}
    assert sum(row["credits"] for row in transactions) == left
    # The opening, and one event for each message sent and received, none twice, none missing.
    socket = person.socket()
    assert socket.position == 1 + len(acked) + received
    person.close()
