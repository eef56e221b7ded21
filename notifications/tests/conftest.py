"""What needs settings is imported inside: this is loaded before them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import time_machine

from pairly.accounts.tests.conftest import guest, join
from payments.tests.conftest import trusting

if TYPE_CHECKING:
    from notifications.channels import Channel
    from notifications.tests.senders import Recorder

__all__ = ["guest", "join", "trusting"]


@pytest.fixture
def travelled() -> Iterator[time_machine.Traveller]:
    """A Monday at noon, which passes when a test says so."""
    with time_machine.travel(datetime(2026, 3, 2, 12, tzinfo=UTC), tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def push() -> Iterator["Recorder"]:
    yield from _registered("push")


@pytest.fixture
def mail() -> Iterator["Recorder"]:
    yield from _registered("email")


def _registered(channel: "Channel") -> Iterator["Recorder"]:
    from notifications import channels
    from notifications.tests.senders import Recorder

    before = channels.sender_of(channel)
    recorder = Recorder(channel)
    channels.register(recorder)
    yield recorder
    if before is None:
        del channels._senders[channel]
    else:
        channels.register(before)
