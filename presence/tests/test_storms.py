"""Many at once: no write per heartbeat, no flicker when everybody comes back."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging.tests.people import make_people
from pairly.core import clock
from pairly.core.table import Table
from pairly.realtime.connections import hub
from presence import registry
from presence.models import Count, PastVisit, Presence
from presence.selectors import seen
from presence.status import Status
from presence.stores.chosen import store
from presence.tasks import count_presence, forget_presence, sweep_presence
from presence.tests.test_random_script import FakeSocket
from presence.tracker import tracker, worker
from presence.watching import watching
from tests.explain import assert_uses_index

pytestmark = pytest.mark.mongodb

CROWD = 2000


class Counting(FakeSocket):
    """A socket that only counts what it is told."""

    frames = 0

    def send_text(self, text: str) -> None:
        self.frames += 1


class Crowd:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # Everybody knows everybody here.
        monkeypatch.setattr(registry, "_acquaintances", [set])
        self.loop = asyncio.new_event_loop()
        self.people = make_people(20, 0)
        self.sockets: list[Any] = []

    def run(self, function: Any, *arguments: Any) -> None:
        async def call() -> None:
            function(*arguments)

        self.loop.run_until_complete(call())

    def settle(self) -> None:
        for _round in range(5):
            worker.call(lambda requests: [None] * len(requests), None)
            self.loop.run_until_complete(asyncio.sleep(0))

    def come(self, sockets: list[Any]) -> None:
        for socket in sockets:
            hub.add(socket)
            hub.opened(socket)

    def go(self, sockets: list[Any]) -> None:
        for socket in sockets:
            hub.remove(socket)
            hub.closed(socket)


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> Any:
    made = Crowd(monkeypatch)
    yield made
    made.run(made.go, made.sockets)
    made.settle()
    tracker.forget()
    watching.forget()
    made.loop.close()


def test_a_storm_of_reconnects_is_no_news(crowd: Crowd) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as traveller:
        watcher: Any = Counting(crowd.people[0], uuid4())
        crowd.run(crowd.come, [watcher])
        sockets = [Counting(person, uuid4()) for person in crowd.people[1:] for _ in range(105)]
        assert len(sockets) + 5 >= CROWD
        crowd.loop.run_until_complete(watching.watch(watcher, crowd.people))
        crowd.run(crowd.come, sockets)
        crowd.settle()
        people = len(crowd.people) - 1
        assert watcher.frames == people
        for _storm in range(3):
            crowd.run(crowd.go, sockets)
            crowd.settle()
            traveller.shift(4)
            sweep_presence()
            crowd.run(crowd.come, sockets)
            crowd.settle()
            sweep_presence()
            crowd.settle()
        assert watcher.frames == people
        # They leave for good: one word for each, and a row for each stay.
        crowd.run(crowd.go, sockets)
        crowd.settle()
        traveller.shift(5)
        sweep_presence()
        crowd.settle()
        assert watcher.frames == 2 * people
        assert PastVisit.objects.count() == len(sockets)
        crowd.sockets = [watcher]


def test_heartbeats_write_nothing(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    sockets: list[Any] = [Counting(person, uuid4()) for person in crowd.people]
    crowd.sockets = sockets
    crowd.run(crowd.come, sockets)
    crowd.settle()
    written: list[str] = []
    for name in ("insert", "compare_and_set", "delete"):
        monkeypatch.setattr(Table, name, lambda *_a, name=name, **_k: written.append(name))
    with time_machine.travel(clock.now(), tick=False) as traveller:
        with CaptureQueriesContext(connection) as queries:
            for _beat in range(50):
                traveller.shift(1)
                for socket in sockets:
                    crowd.run(hub.acted, socket)
            crowd.settle()
        assert (written, queries.captured_queries) == ([], [])
        now = clock.to_milliseconds(clock.now())
        states = store().read(crowd.people)
        assert {visit.active_at for s in states.values() for visit in s.visits} == {now}


def test_history_is_counted_and_forgotten(crowd: Crowd) -> None:
    with time_machine.travel("2026-03-01T12:00:30Z", tick=False) as traveller:
        crowd.sockets = [Counting(person, uuid4()) for person in crowd.people[:3]]
        crowd.run(crowd.come, crowd.sockets)
        crowd.settle()
        count_presence()
        count_presence()
        assert store().counts()[Status.ONLINE] == 3
        (counted,) = Count.objects.all()
        assert (counted.online, counted.away, counted.at.second) == (3, 0, 0)
        online = [store().people(Status.ONLINE, offset=at, limit=2) for at in (0, 2, 4)]
        assert [len(page) for page in online] == [2, 1, 0]
        assert {person for page in online for person in page} == set(crowd.people[:3])
        crowd.run(crowd.go, crowd.sockets)
        crowd.settle()
        crowd.sockets = []
        traveller.shift(5)
        assert sweep_presence() == 3
        assert sweep_presence() == 0
        assert Presence.objects.exclude(last_seen_at=None).count() == 3
        traveller.shift(30 * 24 * 3600)
        assert forget_presence() == 1
        traveller.shift(60)
        assert forget_presence() == 3


def test_reads_go_through_indexes(crowd: Crowd) -> None:
    now = clock.now()
    visits = [
        PastVisit(user_id=person, device_kind="web", started_at=now, ended_at=now)
        for person in crowd.people
        for _ in range(20)
    ]
    PastVisit.objects.bulk_create(visits)
    mine = PastVisit.objects.filter(user_id=crowd.people[0]).order_by("-id")[:10]
    assert_uses_index(mine)
    assert_uses_index(PastVisit.objects.filter(ended_at__lt=now)[:10])
    pairs = [(crowd.people[0], person) for person in crowd.people]
    with CaptureQueriesContext(connection) as few:
        seen(pairs[:2], now)
    with CaptureQueriesContext(connection) as many:
        assert {one.status for one in seen(pairs, now).values()} == {"offline"}
    assert len(many) == len(few)
