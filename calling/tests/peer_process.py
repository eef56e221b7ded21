"""A peer in a process of its own, which a test may kill: it answers one call and talks."""

import asyncio
import sys
from unittest.mock import patch

from calling.tests.peers import Peer
from tests.clients import Person

BEAT_SECONDS = 0.2


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def talk(person: Person) -> None:
    peer = await Peer(person).open()
    say("open")
    await peer.accept()
    await peer.engines.get()
    await peer.connected.wait()
    await peer.heard.wait()
    await peer.ask("media", connected=True)
    say("talking")
    while True:
        await peer.ask("heartbeat")
        await asyncio.sleep(BEAT_SECONDS)


if __name__ == "__main__":
    url, user_id, email, token = sys.argv[1:]
    with patch("aioice.ice.get_host_addresses", lambda **_kinds: ["127.0.0.1"]):
        asyncio.run(talk(Person(url, id=user_id, email=email, token=token)))
