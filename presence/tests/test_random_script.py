"""A random script over people, devices, watches, blocks, wishes and time: what each socket was told
is at every step what its person may know, by a model of few lines, with both stores."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import time_machine
from hypothesis import HealthCheck, given
from hypothesis import settings as script_settings
from hypothesis import strategies as st

from messaging.services.conversations import open_conversation
from messaging.tests.people import make_people
from pairly.accounts.models import User
from pairly.accounts.services import block, unblock, update_profile
from pairly.core import clock
from pairly.realtime.connections import ACTED_MILLISECONDS, hub
from presence.selectors import active_ids, presences_for
from presence.services import set_mode
from presence.stores import chosen
from presence.tasks import sweep_presence
from presence.tracker import tracker, worker
from presence.watching import watching
from tests.redis_server import RedisServer
from tests.sizes import examples

pytestmark = pytest.mark.mongodb

AWAY, OFFLINE, DAMPING = 300_000, 1_800_000, 5_000
PEOPLE, DEVICES = 3, 2


class FakeSocket:
    """What presence sees of a connection, and what it was told on it."""

    def __init__(self, user_id: UUID, device_id: UUID) -> None:
        self.user_id, self.device_id = user_id, device_id
        self.features = frozenset({"presence"})
        self.close_code: int | None = None
        self.limits: Any = None
        self.closing, self.key, self.acted_at = False, 0, 0
        self.start_position = self.newest_position = 0
        self.told: dict[UUID, Any] = {}

    def send_text(self, text: str) -> None:
        frame = msgspec.json.decode(text)
        assert frame["type"] == "presence.changed"
        person_id = UUID(frame["data"]["user_id"])
        assert self.told[person_id] != frame["data"], "told the same again"
        self.told[person_id] = frame["data"]


@dataclass
class Device:
    id: UUID = field(default_factory=uuid4)
    sockets: list[Any] = field(default_factory=list)
    active_at: int = 0
    left_at: int | None = None

    def is_here(self, now: int) -> bool:
        return bool(self.sockets) or (self.left_at is not None and now < self.left_at + DAMPING)


@dataclass
class Someone:
    id: UUID
    devices: list[Device] = field(default_factory=lambda: [Device() for _ in range(DEVICES)])
    mode: str = "auto"
    last_seen: int = 0
    shows: bool = True
    shows_last_seen: bool = True


class Script:
    def __init__(self, traveller: time_machine.Traveller) -> None:
        self.traveller = traveller
        self.loop = asyncio.new_event_loop()
        self.people = [Someone(user_id) for user_id in make_people(PEOPLE, 0)]
        self.blocked: set[frozenset[UUID]] = set()
        self.friends: set[frozenset[UUID]] = set()
        self.meet(0, 1)

    # What may happen

    def meet(self, one: int, other: int) -> None:
        pair = frozenset({self.people[one].id, self.people[other].id})
        if one != other and pair not in self.blocked:
            open_conversation(user_id=self.people[one].id, other_id=self.people[other].id)
            self.friends.add(pair)

    def wait(self, milliseconds: int) -> None:
        self.traveller.shift(milliseconds / 1000)

    def open(self, who: int, which: int) -> None:
        device = self.people[who].devices[which]
        if not device.is_here(self.now):
            device.active_at = self.now
        socket: Any = FakeSocket(self.people[who].id, device.id)
        device.sockets.append(socket)
        self.on_loop(hub.add, socket)
        self.on_loop(hub.opened, socket)

    def close(self, who: int, which: int) -> None:
        device = self.people[who].devices[which]
        if device.sockets:
            socket = device.sockets.pop()
            device.left_at = None if device.sockets else self.now
            self.on_loop(hub.remove, socket)
            self.on_loop(hub.closed, socket)

    def act(self, who: int, which: int) -> None:
        device = self.people[who].devices[which]
        if device.sockets:
            if self.now - device.sockets[0].acted_at >= ACTED_MILLISECONDS:
                device.active_at = self.now
            self.on_loop(hub.acted, device.sockets[0])

    def wish(self, who: int, mode: str) -> None:
        person = self.people[who]
        self.see(person)
        person.mode = mode
        set_mode(person.id, mode)

    def show(self, who: int, status: bool, last_seen: bool) -> None:
        person = self.people[who]
        person.shows, person.shows_last_seen = status, last_seen
        changes = {"show_online_status": status, "show_last_seen": last_seen}
        update_profile(user=User.objects.get(pk=person.id), changes=changes)

    def part(self, who: int, whom: int, are_parted: bool) -> None:
        if who == whom:
            return
        one, other = self.people[who], self.people[whom]
        for blocker, blocked in ((one, other), (other, one)):
            user = User.objects.get(pk=blocker.id)
            if are_parted and blocker is one:
                block(blocker=user, blocked_id=blocked.id)
            elif not are_parted:
                unblock(blocker=user, blocked_id=blocked.id)
        pair = frozenset({one.id, other.id})
        self.blocked = self.blocked | {pair} if are_parted else self.blocked - {pair}

    def watch(self, who: int, which: int, whom: int) -> None:
        for socket in self.people[who].devices[which].sockets[:1]:
            person_id = self.people[whom].id
            self.settle()
            socket.told.setdefault(person_id, None)
            (found,) = self.loop.run_until_complete(watching.watch(socket, [person_id]))
            socket.told[person_id] = msgspec.to_builtins(found, builtin_types=()) | {}
            socket.told[person_id]["user_id"] = str(person_id)

    def unwatch(self, who: int, which: int, whom: int) -> None:
        for socket in self.people[who].devices[which].sockets[:1]:
            self.on_loop(watching.unwatch, socket, [self.people[whom].id])
            socket.told.pop(self.people[whom].id, None)

    # What is to come of it

    @property
    def now(self) -> int:
        return clock.to_milliseconds(clock.now())

    def see(self, person: Someone) -> None:
        if person.mode != "invisible":
            here = [device.active_at for device in person.devices if device.is_here(self.now)]
            person.last_seen = max([person.last_seen, *here])

    def status(self, person: Someone) -> str:
        here = [device.active_at for device in person.devices if device.is_here(self.now)]
        idle = self.now - max(here, default=-OFFLINE - AWAY)
        if idle >= AWAY + OFFLINE or person.mode == "invisible":
            return "offline"
        return "away" if idle >= AWAY or person.mode == "away" else "online"

    def expected(self, viewer: Someone, person: Someone) -> dict[str, Any]:
        pair = frozenset({viewer.id, person.id})
        known = viewer is person or (pair in self.friends and pair not in self.blocked)
        nothing = {"user_id": str(person.id), "status": "offline", "last_seen": None}
        if not known or not person.shows:
            return nothing
        status = self.status(person)
        if status != "offline" or not person.shows_last_seen or not person.last_seen:
            return nothing | {"status": status}
        at = clock.to_rfc3339(clock.from_milliseconds(person.last_seen))
        return nothing | {"last_seen": at}

    def check(self) -> None:
        for person in self.people:
            self.see(person)
        # As processes do long before their leases end.
        self.on_loop(partial(tracker.say_who_is_here, anew=False))
        self.settle()
        sweep_presence()
        self.settle()
        for viewer in self.people:
            ids = [person.id for person in self.people]
            shown = presences_for(viewer.id, ids)
            wanted = [self.expected(viewer, person) for person in self.people]
            assert [msgspec.json.decode(msgspec.json.encode(one)) for one in shown] == wanted
            for socket in (s for device in viewer.devices for s in device.sockets):
                for person, expected in zip(self.people, wanted, strict=True):
                    assert socket.told.get(person.id, expected) == expected
        active = {
            person.id
            for person in self.people
            if any(d.sockets and self.now - d.active_at < AWAY for d in person.devices)
        }
        assert active_ids([person.id for person in self.people]) == active

    def on_loop(self, function: Any, *arguments: Any) -> None:
        async def call() -> None:
            function(*arguments)

        self.loop.run_until_complete(call())

    def settle(self) -> None:
        for _round in range(4):
            worker.call(lambda requests: [None] * len(requests), None)
            self.loop.run_until_complete(asyncio.sleep(0))

    def close_all(self) -> None:
        for who in range(PEOPLE):
            for which in range(DEVICES):
                while self.people[who].devices[which].sockets:
                    self.close(who, which)
        self.settle()
        tracker.forget()
        self.loop.close()


who, which = st.integers(0, PEOPLE - 1), st.integers(0, DEVICES - 1)
SPANS = (1, 999, DAMPING - 1, DAMPING, AWAY - 1, AWAY, OFFLINE - 1, OFFLINE, AWAY + OFFLINE)
STEPS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from(SPANS)),
    st.tuples(st.just("open"), who, which),
    st.tuples(st.just("open"), who, which),
    st.tuples(st.just("close"), who, which),
    st.tuples(st.just("act"), who, which),
    st.tuples(st.just("wish"), who, st.sampled_from(["auto", "away", "invisible"])),
    st.tuples(st.just("show"), who, st.booleans(), st.booleans()),
    st.tuples(st.just("part"), who, who, st.booleans()),
    st.tuples(st.just("meet"), who, who),
    st.tuples(st.just("watch"), who, which, who),
    st.tuples(st.just("watch"), who, which, who),
    st.tuples(st.just("unwatch"), who, which, who),
)


@pytest.fixture(params=["memory", "redis"])
def stores(request: pytest.FixtureRequest, settings: Any) -> Iterator[None]:
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        settings.REDIS_URL = server.url
    chosen.forget()
    yield
    chosen.forget()


@script_settings(
    max_examples=examples(small=12, ci=60, torture=3000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEPS, min_size=10, max_size=40))
def test_everybody_is_told_what_they_may_know(stores: None, steps: list[Any]) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as traveller:
        script = Script(traveller)
        script.open(0, 0)
        script.open(1, 0)
        script.watch(0, 0, 1)
        script.watch(1, 0, 0)
        try:
            for name, *arguments in steps:
                getattr(script, name)(*arguments)
                script.check()
        finally:
            script.close_all()
