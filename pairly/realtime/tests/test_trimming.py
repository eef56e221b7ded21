"""Logs are bounded by time as well as by number, and say so to who comes too late."""

from uuid import UUID

import pytest
import time_machine

from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.realtime.models import Event, event_key
from pairly.realtime.selectors import catch_up
from pairly.realtime.services import announce
from pairly.realtime.tasks import trim_events
from tests.clients import Person

pytestmark = pytest.mark.mongodb

WALLET = {"balance": 1, "held": 0, "available": 1, "debt": 0}


def tell(person: Person) -> None:
    user_id = UUID(person.id)
    run_atomic(lambda: announce([user_id], "wallet.updated", WALLET, clock.now()))


def test_a_week_is_kept(live_server_url: str) -> None:
    ava, ben = Person.register(live_server_url, "Ava"), Person.register(live_server_url, "Ben")
    user_id = UUID(ava.id)
    start = catch_up(user_id, 0).position
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as now:
        tell(ava)
        tell(ben)
        now.shift(5 * 24 * 3600)
        tell(ava)
        assert trim_events() == 0
        now.shift(2 * 24 * 3600 + 1)
        # What was told at registration is older still, and goes with it.
        kept_before = Event.objects.count()
        assert trim_events() == kept_before - 1
        assert trim_events() == 0
        # One event of Ava's is left: who has heard the first may go on, who has not starts anew.
        assert catch_up(user_id, start).resync
        assert [event.position for event in catch_up(user_id, start + 1).events] == [start + 2]
        tell(ava)
        assert len(catch_up(user_id, start + 1).events) == 2
        # A log of which nothing is left still knows where it stands.
        ben_position = catch_up(UUID(ben.id), 0).position
        found = catch_up(UUID(ben.id), ben_position)
        assert (found.resync, found.events) == (False, [])
        tell(ben)
        assert [e.position for e in catch_up(UUID(ben.id), ben_position).events] == [
            ben_position + 1
        ]


def test_a_trim_that_overtakes_a_reader_makes_it_start_anew(live_server_url: str) -> None:
    """MongoDB reads in portions, between which the log's head may go: nothing is skipped unsaid."""
    ava = Person.register(live_server_url, "Ava")
    start = ava.call("GET", "sync?since=0")["position"]
    for _ in range(3):
        tell(ava)
    Event.objects.filter(pk=event_key(UUID(ava.id), start + 2)).delete()
    found = ava.call("GET", f"sync?since={start}")
    assert found == {"position": start + 3, "resync": True, "events": []}
