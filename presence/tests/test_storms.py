"""Many at once: no write per heartbeat, and hardly a word when everybody comes back."""

import asyncio
import json
from collections import Counter
from collections.abc import Collection
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from messaging.tests.people import make_people
from pairly.accounts.services import Origin, open_devices
from pairly.core import clock
from pairly.realtime.consumers import SocketEndpoint
from presence import looking, registry
from presence.facts import facts_of
from presence.models import Count, PastVisit, Presence
from presence.selectors import seen
from presence.status import Facts, Status
from presence.stores.chosen import store
from presence.tasks import count_presence, forget_presence
from presence.tests.crowd import Crowd, FakeSocket
from presence.tracker import tracker
from tests.explain import assert_uses_index
from tests.sizes import examples
from tests.writes import no_database_writes

pytestmark = pytest.mark.mongodb

SOCKETS = 2000
WATCHED = 500
"""As many as one socket may watch."""
WATCHERS = 3
BEATING = examples(small=200, ci=2000, torture=2000)
BEATS = 3


@pytest.mark.usefixtures("stores")
def test_a_storm_of_reconnects_is_no_news(
    crowd: Crowd, clock_stands: time_machine.Traveller
) -> None:
    people = make_people(WATCHED, 0)
    watchers = [FakeSocket(person, uuid4()) for person in make_people(WATCHERS, 0)]
    sockets = [FakeSocket(person, uuid4()) for person in people * (SOCKETS // WATCHED)]
    assert len(sockets) == SOCKETS

    def heard(times: int) -> bool:
        """Each watcher so often of each person."""
        wanted = Counter(dict.fromkeys(people, times))
        return all(watcher.heard == wanted for watcher in watchers)

    crowd.come(watchers)
    for watcher in watchers:
        assert set(crowd.watch(watcher, people)) == {"offline"}
    crowd.come(sockets)
    assert heard(1)
    for _storm in range(2):
        crowd.go(sockets)
        clock_stands.shift(4.999)
        crowd.sweep()
        crowd.come(sockets)
        crowd.sweep()
    assert heard(1)
    # They leave for good: one word about each, and a row for each stay.
    crowd.go(sockets)
    clock_stands.shift(5)
    crowd.sweep()
    assert heard(2)
    assert PastVisit.objects.count() == SOCKETS


@pytest.mark.usefixtures("stores", "clock_stands")
def test_after_a_restart_each_is_told_of_once_at_most(crowd: Crowd) -> None:
    people = make_people(WATCHED, 0)
    viewers = make_people(WATCHERS, 0)
    devices = [(person, uuid4()) for person in people * (SOCKETS // WATCHED)]
    crowd.come([FakeSocket(*device) for device in devices])
    crowd.forget_sockets()
    # Everybody is back, and those who watch are so in the midst of it.
    half = SOCKETS // 3
    crowd.come([FakeSocket(*device) for device in devices[:half]])
    watchers = [FakeSocket(viewer, uuid4()) for viewer in viewers]
    crowd.come(watchers)
    shown = [crowd.watch(watcher, people) for watcher in watchers]
    crowd.come([FakeSocket(*device) for device in devices[half:]])
    crowd.sweep()
    for watcher, statuses in zip(watchers, shown, strict=True):
        news = statuses.count("offline")
        assert watcher.heard.total() == len(watcher.heard) == news
        assert set(watcher.statuses) <= {"online"}


@pytest.mark.usefixtures("stores")
def test_who_comes_back_while_a_sweeper_looks_is_here(
    crowd: Crowd, clock_stands: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    ava, ben = make_people(2, 0)
    watcher, phone = FakeSocket(ben, uuid4()), FakeSocket(ava, uuid4())
    crowd.come([watcher, phone])
    assert crowd.watch(watcher, [ava]) == ["online"]
    crowd.go([phone])
    clock_stands.shift(5)

    def come_back(user_ids: Collection[UUID]) -> dict[UUID, Facts]:
        """After the sweeper has read that she left."""
        monkeypatch.setattr(looking, "facts_of", facts_of)
        crowd.come([phone])
        return facts_of(user_ids)

    monkeypatch.setattr(looking, "facts_of", come_back)
    crowd.sweep()
    crowd.sweep()
    assert store().counts()[Status.ONLINE] == 2
    clock_stands.shift(300)
    crowd.run(tracker.say_who_is_here)
    crowd.sweep()
    assert watcher.statuses == ["away"]


@pytest.mark.usefixtures("clock_stands")
def test_what_could_not_be_read_is_not_forgotten(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database fails at the moment of a change."""

    def fails(_pairs: object) -> set[Any]:
        raise DatabaseError("not now")

    monkeypatch.setattr("presence.watching.AGAIN_SECONDS", 0)
    ava, ben = make_people(2, 0)
    watcher = FakeSocket(ben, uuid4())
    crowd.come([watcher])
    assert crowd.watch(watcher, [ava]) == ["offline"]
    with monkeypatch.context() as outage:
        outage.setattr(registry, "_acquaintances", [fails])
        crowd.come([FakeSocket(ava, uuid4())])
        assert watcher.statuses == []
    crowd.settle()
    assert watcher.statuses == ["online"]


class Line:
    """A socket at the true endpoint, without a network."""

    def __init__(self, token: str) -> None:
        self._scope = {"headers": [(b"authorization", f"Bearer {token}".encode())]}
        self._heard: asyncio.Queue[Any] = asyncio.Queue()
        self.said: Counter[str] = Counter()

    async def serve(self, endpoint: SocketEndpoint) -> None:
        await self._heard.put({"type": "websocket.connect"})
        await endpoint(self._scope, self._heard.get, self._take)

    async def _take(self, message: Any) -> None:
        if message["type"] == "websocket.send":
            self.said[json.loads(message["text"])["type"]] += 1

    def beat(self) -> None:
        frame = '{"type":"presence.heartbeat","id":"1","data":{}}'
        self._heard.put_nowait({"type": "websocket.receive", "text": frame})

    def leave(self) -> None:
        self._heard.put_nowait({"type": "websocket.disconnect"})


@pytest.mark.usefixtures("stores")
def test_heartbeats_write_nothing(crowd: Crowd, clock_stands: time_machine.Traveller) -> None:
    people = make_people(BEATING, 0)
    tokens = open_devices(user_ids=people, origin=Origin(device_name="one"), now=clock.now())
    lines = [Line(token) for token in tokens]

    async def all_said(type: str, times: int) -> None:
        while not all(line.said[type] == times for line in lines):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def beat(times: int) -> None:
        for line in lines:
            line.beat()
        await asyncio.wait_for(all_said("ack", times), 120)

    async def open_all() -> "asyncio.Future[Any]":
        serving = asyncio.gather(*(line.serve(endpoint) for line in lines))
        await asyncio.wait_for(all_said("ready", 1), 120)
        return serving

    endpoint = SocketEndpoint("presence")
    serving = crowd.loop.run_until_complete(open_all())
    crowd.settle()
    with pytest.raises(AssertionError), no_database_writes():
        Presence.objects.create(user_id=people[0])
    with no_database_writes():
        for beats in range(1, BEATS + 1):
            clock_stands.shift(1)
            crowd.loop.run_until_complete(beat(beats))
            crowd.settle()
    now = clock.to_milliseconds(clock.now())
    states = store().read(people)
    assert [visit.active_at for s in states.values() for visit in s.visits] == [now] * BEATING
    for line in lines:
        line.leave()
    crowd.loop.run_until_complete(serving)


@pytest.mark.usefixtures("stores")
def test_history_is_counted_and_forgotten(
    crowd: Crowd, clock_stands: time_machine.Traveller
) -> None:
    clock_stands.shift(30)
    people = make_people(3, 0)
    sockets = [FakeSocket(person, uuid4()) for person in people]
    crowd.come(sockets)
    count_presence()
    count_presence()
    assert store().counts()[Status.ONLINE] == 3
    (counted,) = Count.objects.all()
    assert (counted.online, counted.away, counted.at.second) == (3, 0, 0)
    online = [store().people(Status.ONLINE, offset=at, limit=2) for at in (0, 2, 4)]
    assert [len(page) for page in online] == [2, 1, 0]
    assert {person for page in online for person in page} == set(people)
    crowd.go(sockets)
    clock_stands.shift(5)
    crowd.sweep()
    assert PastVisit.objects.count() == 3
    crowd.sweep()
    assert PastVisit.objects.count() == 3
    assert Presence.objects.exclude(last_seen_at=None).count() == 3
    # The count is of 12:00:00, and the visits ended at 12:00:35: kept for thirty days, to the edge.
    clock_stands.shift(30 * 24 * 3600 - 35)
    assert forget_presence() == 0
    clock_stands.shift(0.001)
    assert forget_presence() == 1
    clock_stands.shift(34.999)
    assert forget_presence() == 0
    clock_stands.shift(0.001)
    assert forget_presence() == 3


def test_reads_go_through_indexes() -> None:
    now, people = clock.now(), make_people(20, 0)
    visits = [
        PastVisit(user_id=person, device_kind="web", started_at=now, ended_at=now)
        for person in people
        for _ in range(20)
    ]
    PastVisit.objects.bulk_create(visits)
    mine = PastVisit.objects.filter(user_id=people[0]).order_by("-id")[:10]
    assert_uses_index(mine)
    assert_uses_index(PastVisit.objects.filter(ended_at__lt=now)[:10])
    pairs = [(people[0], person) for person in people]
    with CaptureQueriesContext(connection) as few:
        seen(pairs[:2], now)
    with CaptureQueriesContext(connection) as many:
        assert {one.status for one in seen(pairs, now).values()} == {"offline"}
    assert len(many) == len(few)
