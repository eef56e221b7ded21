from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from tests.redis_server import RedisServer


@pytest.fixture
def scene(live_server_url: str) -> Iterator[Any]:
    from presence.tests.scene import Scene

    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as traveller:
        made = Scene(live_server_url, traveller)
        yield made
        made.close()


@pytest.fixture
def shared_store(redis_server: RedisServer, settings: Any) -> Iterator[None]:
    """The store in Redis, as where several processes share it."""
    from presence.stores import chosen

    redis_server.empty()
    settings.REDIS_URL = redis_server.url
    chosen.forget()
    yield
    chosen.forget()


@pytest.fixture(params=["memory", "redis"])
def stores(request: pytest.FixtureRequest) -> None:
    """Each store in turn."""
    if request.param == "redis":
        request.getfixturevalue("shared_store")


@pytest.fixture
def clock_stands() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as traveller:
        yield traveller


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from presence.tests.crowd import Crowd

    made = Crowd(monkeypatch)
    yield made
    made.close()
