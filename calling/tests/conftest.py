from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine

from calling.tests.line import Line
from messaging.tests.conftest import give
from pairly.core import clock

__all__ = ["give"]


@pytest.fixture
def line(live_server_url: str) -> Iterator[Line]:
    made = Line(live_server_url)
    yield made
    made.close()


@pytest.fixture
def one_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Time travels for calls too where MongoDB would ask its own clock."""
    monkeypatch.setattr("calling.clock.database_now", clock.now)
    return clock.now


@pytest.fixture
def traveller(one_clock: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    """A clock that stands still, and everybody can be rung."""
    monkeypatch.setattr("calling.reach._ways", [lambda _user_id: True])
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as made:
        yield made
