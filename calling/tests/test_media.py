"""Two engines of WebRTC that know nothing but our socket find each other and talk."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from calling import clock
from calling.ice import turn_credentials
from calling.models import Call
from calling.tasks import reap_calls
from calling.tests.line import all_is_well
from calling.tests.peers import SECONDS_MAX, Peer
from tests.clients import Person
from tests.turn_server import TurnServer

SECRET = "what only we and the relay know"
Talk = Callable[[Peer, Peer], Awaitable[None]]


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine looks at no other network, whatever this machine has."""
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda **_kinds: ["127.0.0.1"])


@pytest.fixture
def people(live_server_url: str) -> Iterator[tuple[Person, Person]]:
    ava, ben = (Person.register(live_server_url, name) for name in ("Ava", "Ben"))
    yield ava, ben
    ava.close()
    ben.close()


def play(people: tuple[Person, Person], talk: Talk, *, relay: bool = False) -> None:
    async def story() -> None:
        caller, callee = [await Peer(person, relay=relay).open() for person in people]
        try:
            await talk(caller, callee)
        finally:
            await caller.close()
            await callee.close()

    asyncio.run(story())


async def connect(caller: Peer, callee: Peer) -> None:
    """From the invite to an active call."""
    await caller.invite(callee)
    await callee.accept()
    await caller.event("call.state")
    await caller.offer()
    await talking(caller, callee)
    for peer in (caller, callee):
        peer.call = (await peer.ask("media", connected=True))["call"]
    assert callee.call["status"] == "active"


async def talking(caller: Peer, callee: Peer) -> None:
    """Both have ICE and DTLS, words go there and back, and each hears the other's sound."""
    async with asyncio.timeout(SECONDS_MAX):
        for peer in (caller, callee):
            await peer.engines.get()
        for peer in (caller, callee):
            await peer.connected.wait()
            await peer.heard.wait()
        assert await caller.texts.get() == "hello yourself"


async def hang_up(one: Peer, other: Peer) -> None:
    ended = (await one.ask("end"))["call"]
    told = await other.event("call.ended")
    assert (told["reason"], ended["credits"]) == ("completed", told["credits"])


def test_two_peers_talk_and_are_charged_as_quoted(people: tuple[Person, Person]) -> None:
    async def talk(caller: Peer, callee: Peer) -> None:
        await connect(caller, callee)
        assert (await caller.event("call.charged"))["credits"] == 5
        assert caller.call["quote"]["credits_per_minute"] == 5
        # The callee's network changes: both begin anew in the same call, and pay nothing more.
        first = set(caller.candidates)
        await callee.signal("restart", {"fresh": True})
        await talking(caller, callee)
        assert not first & set(caller.candidates)
        for peer in (caller, callee):
            await peer.ask("heartbeat")
        await hang_up(callee, caller)

    play(people, talk)
    ava, ben = people
    assert ava.wallet()["available"] == ava.wallet()["balance"] == 15
    assert ben.wallet()["balance"] == 20
    assert all_is_well()


def test_a_peer_that_is_killed_ends_the_call_at_its_last_sign_of_life(
    people: tuple[Person, Person], give: Callable[..., None], settings: Any
) -> None:
    settings.CALL_GRACE_SECONDS = 3
    settings.BILLING_MINUTE_SECONDS = settings.BILLING_INCREMENT_SECONDS = 1
    ava, ben = people
    give(ava, 10_000)
    before = ava.wallet()["balance"]
    module = [sys.executable, "-m", "calling.tests.peer_process"]
    other = subprocess.Popen(
        [*module, ben.url, ben.id, ben.email, ben.token], stdout=subprocess.PIPE, text=True
    )

    async def said(word: str) -> None:
        assert other.stdout is not None
        async with asyncio.timeout(SECONDS_MAX):
            assert await asyncio.to_thread(other.stdout.readline) == f"{word}\n"

    async def story() -> None:
        caller = await Peer(ava).open()
        await said("open")
        await caller.invite(Peer(ben))
        await caller.event("call.state")
        await caller.offer()
        await said("talking")
        async with asyncio.timeout(SECONDS_MAX):
            await caller.heard.wait()
        await caller.ask("media", connected=True)
        assert (await caller.event("call.charged"))["minute"] == 1
        other.kill()
        ended = asyncio.create_task(caller.event("call.ended"))
        while not ended.done():  # the one that is left keeps beating, and the clock its watch
            with suppress(AssertionError):
                await caller.ask("heartbeat")
            await asyncio.to_thread(reap_calls)
        assert ended.result()["reason"] == "dropped"
        await caller.close()

    try:
        asyncio.run(story())
    finally:
        other.kill()
        other.communicate()
    call = Call.objects.get()
    assert call.ended_at == call.callee_seen_at
    assert (call.caller_seen_at - call.callee_seen_at).total_seconds() >= 2
    # Minutes of a second each: those of the silence cost nothing.
    assert call.credits == 5 * (call.talked(call.callee_seen_at) // 1000 + 1)
    assert (ava.wallet()["balance"], ava.wallet()["held"]) == (before - call.credits, 0)
    assert all_is_well()


def test_a_relay_takes_our_credentials_and_no_others(
    people: tuple[Person, Person], tmp_path: Path, settings: Any
) -> None:
    with TurnServer(tmp_path, SECRET) as relay:
        settings.TURN_URLS, settings.TURN_SECRET = [relay.url], SECRET

        async def talk(caller: Peer, callee: Peer) -> None:
            await connect(caller, callee)
            for peer in (caller, callee):
                assert peer.candidates
                assert all(" typ relay" in one for one in peer.candidates)
            await hang_up(caller, callee)

        play(people, talk, relay=True)
        for person in people:
            assert f":{person.id}" in relay.log
        allocated = relay.log.count("new, realm")
        assert allocated

        async def refused(caller: Peer, callee: Peer) -> None:
            await caller.invite(callee)
            await callee.accept()
            await caller.offer()
            assert caller.candidates == []
            await hang_up(caller, callee)

        settings.TURN_SECRET = "another"
        play(people, refused, relay=True)
        settings.TURN_SECRET = SECRET
        settings.TURN_CREDENTIAL_SECONDS = -60  # too old
        play(people, refused, relay=True)
        assert relay.log.count("new, realm") == allocated
    assert all_is_well()


def test_credentials_name_their_end() -> None:
    at = clock.now() + timedelta(minutes=15)
    person = UUID(int=7)
    username, credential = turn_credentials(person, at)
    assert username == f"{int(at.timestamp())}:{person}"
    assert len(credential) == 28
