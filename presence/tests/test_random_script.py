"""A random script over people, devices, watches, blocks, wishes and time: what each socket was told
is whenever the sweeper came what its person may know, by a model of few lines, with both stores.
What is read is so at every step."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
import pytest
import time_machine
from hypothesis import HealthCheck, given
from hypothesis import settings as script_settings
from hypothesis import strategies as st

from messaging.services.conversations import open_conversation
from messaging.tests.people import make_people
from pairly.accounts.models import Device as SignIn
from pairly.accounts.models import User
from pairly.accounts.services import Origin, block, open_devices, unblock, update_profile
from pairly.core import clock
from pairly.realtime.connections import ACTED_MILLISECONDS, hub
from presence import registry
from presence.selectors import active_ids, presences_for
from presence.services import heartbeat, people_changed, set_mode
from presence.tasks import sweep_presence
from presence.tests.crowd import FakeSocket
from presence.tracker import tracker, worker
from presence.watching import watching
from tests.sizes import examples

pytestmark = pytest.mark.mongodb

AWAY, OFFLINE, DAMPING, LEASE = 300_000, 1_800_000, 5_000, 70_000
PEOPLE, DEVICES = 3, 2


class ToldSocket(FakeSocket):
    """Keeps what it was told last of whom, and is never told the same twice."""

    def __init__(self, user_id: UUID, device_id: UUID) -> None:
        super().__init__(user_id, device_id)
        self.told: dict[UUID, Any] = {}

    def take(self, data: dict[str, Any]) -> None:
        person_id = UUID(data["user_id"])
        assert self.told[person_id] != data, "told the same again"
        self.told[person_id] = data


@dataclass
class Device:
    """``beat_at``: when it last said over HTTP that it is there; ``asked_at``: when the person
    before it last did something as far as it said so there."""

    id: UUID
    sockets: list[Any] = field(default_factory=list)
    active_at: int = 0
    left_at: int | None = None
    beat_at: int | None = None
    asked_at: int = 0

    def is_here(self, now: int) -> bool:
        return bool(self.sockets) or (self.left_at is not None and now < self.left_at + DAMPING)

    def beats(self, now: int, margin: int = 0) -> bool:
        return self.beat_at is not None and now + margin < self.beat_at + LEASE

    def activities(self, now: int) -> list[int]:
        here, beats = self.is_here(now), self.beats(now)
        return [self.active_at] * here + [self.asked_at] * beats


@dataclass
class Someone:
    id: UUID
    devices: list[Device]
    mode: str = "auto"
    last_seen: int = 0
    talks: bool = False
    shows: bool = True
    shows_last_seen: bool = True
    shows_call: bool = True

    def activities(self, now: int) -> list[int]:
        return [at for device in self.devices for at in device.activities(now)]


class Script:
    def __init__(self, traveller: time_machine.Traveller) -> None:
        self.traveller = traveller
        self.loop = asyncio.new_event_loop()
        self.people = [Someone(one, devices_of(one)) for one in make_people(PEOPLE, 0)]
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
        socket: Any = ToldSocket(self.people[who].id, device.id)
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

    def beat(self, who: int, which: int, active: bool) -> None:
        device = self.people[who].devices[which]
        if active or not device.beats(self.now):
            device.asked_at = self.now
        device.beat_at = self.now
        heartbeat(user_id=self.people[who].id, device_id=device.id, active=active)

    def talk(self, who: int, talks: bool) -> None:
        self.people[who].talks = talks
        people_changed([self.people[who].id])

    def wish(self, who: int, mode: str) -> None:
        person = self.people[who]
        self.see(person)
        person.mode = mode
        set_mode(person.id, mode)

    def show(self, who: int, status: bool, last_seen: bool, call: bool) -> None:
        person = self.people[who]
        person.shows, person.shows_last_seen, person.shows_call = status, last_seen, call
        changes = {
            "show_online_status": status,
            "show_last_seen": last_seen,
            "show_in_call": call,
        }
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

    def talking(self, user_ids: Collection[UUID]) -> set[UUID]:
        """In the place of what calling would say."""
        return {one.id for one in self.people if one.talks and one.id in user_ids}

    # What is to come of it

    @property
    def now(self) -> int:
        return clock.to_milliseconds(clock.now())

    def see(self, person: Someone) -> None:
        if person.mode != "invisible":
            person.last_seen = max([person.last_seen, *person.activities(self.now)])

    def status(self, person: Someone) -> str:
        idle = self.now - max(person.activities(self.now), default=-OFFLINE - AWAY)
        if idle >= AWAY + OFFLINE or person.mode == "invisible":
            return "offline"
        if person.talks and person.shows_call and person.mode == "auto":
            return "busy"
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

    def check(self, *, sweeps: bool) -> None:
        for person in self.people:
            self.see(person)
        # As processes do long before their leases end.
        self.on_loop(tracker.say_who_is_here)
        self.settle()
        if sweeps:
            sweep_presence()
            self.settle()
        for viewer in self.people:
            ids = [person.id for person in self.people]
            shown = presences_for(viewer.id, ids)
            wanted = [self.expected(viewer, person) for person in self.people]
            assert [msgspec.json.decode(msgspec.json.encode(one)) for one in shown] == wanted
            for socket in (s for device in viewer.devices for s in device.sockets if sweeps):
                for person, expected in zip(self.people, wanted, strict=True):
                    assert socket.told.get(person.id, expected) == expected
        active = {
            person.id
            for person in self.people
            if any(self.is_active(device) for device in person.devices)
        }
        assert active_ids([person.id for person in self.people]) == active

    def is_active(self, device: Device) -> bool:
        by_socket = device.sockets and self.now - device.active_at < AWAY
        by_requests = device.beats(self.now, DAMPING) and self.now - device.asked_at < AWAY
        return bool(by_socket or by_requests)

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
SPANS = (
    *(1, 999, DAMPING - 1, DAMPING, LEASE - 1, LEASE),
    *(AWAY - 1, AWAY, OFFLINE - 1, OFFLINE, AWAY + OFFLINE),
)
STEPS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from(SPANS)),
    st.tuples(st.just("open"), who, which),
    st.tuples(st.just("open"), who, which),
    st.tuples(st.just("close"), who, which),
    st.tuples(st.just("act"), who, which),
    st.tuples(st.just("beat"), who, which, st.booleans()),
    st.tuples(st.just("talk"), who, st.booleans()),
    st.tuples(st.just("wish"), who, st.sampled_from(["auto", "away", "invisible"])),
    st.tuples(st.just("show"), who, *[st.booleans()] * 3),
    st.tuples(st.just("part"), who, who, st.booleans()),
    st.tuples(st.just("meet"), who, who),
    st.tuples(st.just("watch"), who, which, who),
    st.tuples(st.just("watch"), who, which, who),
    st.tuples(st.just("unwatch"), who, which, who),
)


def devices_of(user_id: UUID) -> list[Device]:
    open_devices(user_ids=[user_id] * DEVICES, origin=Origin(device_name="one"), now=clock.now())
    made = SignIn.objects.filter(user_id=user_id).values_list("pk", flat=True)
    return [Device(device_id) for device_id in made]


@script_settings(
    max_examples=examples(small=12, ci=60, torture=3000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(st.tuples(STEPS, st.booleans()), min_size=10, max_size=40))
def test_everybody_is_told_what_they_may_know(
    stores: None, monkeypatch: pytest.MonkeyPatch, steps: list[Any]
) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as traveller:
        script = Script(traveller)
        monkeypatch.setattr(registry, "_calls", [script.talking])
        script.open(0, 0)
        script.open(1, 0)
        script.watch(0, 0, 1)
        script.watch(1, 0, 0)
        try:
            for (name, *arguments), sweeps in steps:
                getattr(script, name)(*arguments)
                script.check(sweeps=sweeps)
            script.check(sweeps=True)
        finally:
            script.close_all()
