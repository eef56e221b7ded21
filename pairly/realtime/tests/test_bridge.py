"""News between processes, over a channel layer that loses them: the sockets hear all the same."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from messaging.tests.people import make_people
from pairly.accounts.models import Device
from pairly.accounts.services import Origin, open_devices
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.realtime import bridge, services
from pairly.realtime.connections import LATE_EVENTS_MAX, Connection, Hub
from pairly.realtime.errors import CloseCode
from pairly.realtime.news import News
from pairly.realtime.readers import run_in_reader

pytestmark = pytest.mark.mongodb

SECONDS_MAX = 60


class Layer:
    """One for all: may be away, or lose messages without a word."""

    def __init__(self) -> None:
        self.channels: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        self.is_away = False
        self.to_lose = 0

    async def new_channel(self) -> str:
        name = f"channel {len(self.channels)}"
        self.channels[name] = asyncio.Queue()
        return name

    async def group_add(self, group: str, channel: str) -> None:
        assert channel in self.channels

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        if self.is_away:
            raise ConnectionError("nobody there")
        if message["news"] and self.to_lose:
            self.to_lose -= 1
            return
        for queue in self.channels.values():
            queue.put_nowait(message)

    async def receive(self, channel: str) -> dict[str, Any]:
        return await self.channels[channel].get()


class Peer:
    """A socket's other end."""

    def __init__(self, hub: Hub, user_id: UUID, device_id: UUID) -> None:
        self.texts: list[str] = []
        self.code: int | None = None
        self._news = asyncio.Event()
        self.connection = Connection(
            user_id=user_id, device_id=device_id, features=frozenset({"chat"}), send=self._take
        )
        hub.add(self.connection)
        self.connection.start("ready", 0)

    async def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close":
            self.code = message["code"]
        elif message["text"] != "ready":
            self.texts.append(json.loads(message["text"])["data"]["text"])
        self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(SECONDS_MAX):
            while not condition():
                self._news.clear()
                await self._news.wait()


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Layer:
    """With a pulse that a test has the patience for."""
    found = Layer()
    settings.REALTIME_BROADCAST = True
    monkeypatch.setattr(bridge, "get_channel_layer", lambda: found)
    monkeypatch.setattr(bridge, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(bridge, "SILENCE_SECONDS", 0.3)
    return found


def append(user_id: UUID, *texts: str) -> None:
    events = [
        services.Append(user_id, "conversation.opened", json.dumps({"text": text}))
        for text in texts
    ]
    run_atomic(lambda: services.append(events, clock.now()))


def sign_out(device_id: UUID) -> None:
    """In a process whose word of it is lost."""
    Device.objects.filter(pk=device_id).update(ended_at=clock.now())


def test_what_the_layer_loses_is_found_in_the_log(
    layer: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one process writes, the other has the socket."""
    (user_id,) = make_people(1, credits=0)
    run_atomic(
        lambda: open_devices(
            user_ids=[user_id], origin=Origin(device_name="phone"), now=clock.now()
        )
    )
    device_id = Device.objects.get(user_id=user_id).pk

    async def story() -> None:
        here, there = Hub(), Hub()
        monkeypatch.setattr(services, "hub", here)
        Peer(here, UUID(int=1), UUID(int=1)).connection.close(CloseCode.RESTART)
        peer = Peer(there, user_id, device_id)

        await run_in_reader(append, user_id, "told")
        await peer.until(lambda: peer.texts == ["told"])
        layer.to_lose = 1
        await run_in_reader(append, user_id, "lost")
        await peer.until(lambda: peer.texts[1:] == ["lost"])
        layer.is_away = True
        await run_in_reader(append, user_id, "nobody could be told")
        await peer.until(lambda: peer.texts[2:] == ["nobody could be told"])
        layer.is_away = False
        # Of many that were lost it hears the newest; from the gap the device knows to ask.
        layer.to_lose = 10**6
        many = [f"lost {number}" for number in range(LATE_EVENTS_MAX + 5)]
        await run_in_reader(append, user_id, *many)
        await peer.until(lambda: many[-1] in peer.texts)
        assert peer.texts[3:] == many[5:]
        layer.to_lose = 0
        await run_in_reader(append, user_id, "told again")
        await peer.until(lambda: peer.texts[-1] == "told again")
        # What is told late is not told twice.
        there.deliver(
            [
                News(user_id, "conversation.opened", '{"text": "late"}', position)
                for position in (2, 5)
            ]
        )
        assert len(peer.texts) == len(set(peer.texts)), peer.texts

        layer.is_away = True
        await run_in_reader(sign_out, device_id)
        await peer.until(lambda: peer.code is not None)
        assert peer.code == CloseCode.SIGN_IN_AGAIN
        assert "late" not in peer.texts

    asyncio.run(story())


def test_a_layer_that_does_not_answer_gathers_no_news_of_hours(
    layer: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "NEWS_WAITING_MAX", 10)

    async def look_again() -> None:
        """Nothing to see."""

    async def story() -> None:
        heard: list[Any] = []
        teller, listener = bridge.Bridge(heard.extend, look_again), await layer.new_channel()
        teller.start()
        for kept in range(3):
            teller.tell([News(UUID(int=kept), "typing", "{}")] * 8)
        first = await layer.receive(listener)
        assert [packed[0] for packed in first["news"]] == [UUID(int=2).hex] * 8
        assert first["number"] == 3  # so that the others notice what went

    asyncio.run(story())
