"""Several processes on one Redis, by a clock that stands still: one that is killed is believed for
70 seconds and no longer, and who changes from one to another was never gone."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from django.conf import settings

from messaging.tests.people import make_people
from pairly.core import clock
from presence import leases
from presence.models import PastVisit, Presence
from presence.selectors import seen
from presence.stores.chosen import store
from presence.tests.crowd import Crowd, FakeSocket
from presence.tracker import Tracker
from tests.redis_server import RedisServer

pytestmark = [pytest.mark.mongodb, pytest.mark.usefixtures("shared_store")]

MILLISECOND = timedelta(milliseconds=1)


class Processes:
    """Ava's devices are at one process or the other; Ben watches her at a third."""

    def __init__(self, crowd: Crowd, traveller: time_machine.Traveller) -> None:
        self._crowd, self._traveller = crowd, traveller
        self.ava, self.ben = make_people(2, 0)
        self.one, self.other = Tracker(), Tracker()
        self.watcher = FakeSocket(self.ben, uuid4())
        crowd.come([self.watcher])
        assert crowd.watch(self.watcher, [self.ava]) == ["offline"]

    def open(self, process: Tracker, device_id: UUID | None = None) -> FakeSocket:
        socket = FakeSocket(self.ava, device_id or uuid4())
        self._crowd.run(process.opened, socket)
        self._crowd.settle()
        return socket

    def close(self, process: Tracker, socket: FakeSocket) -> None:
        self._crowd.run(process.closed, socket)
        self._crowd.settle()

    def extend(self, process: Tracker) -> None:
        self._crowd.run(process.say_who_is_here)
        self._crowd.settle()

    def wait(self, span: timedelta) -> None:
        self._traveller.shift(span)
        self._crowd.sweep()

    def act(self, process: Tracker, socket: FakeSocket) -> None:
        self._crowd.run(process.acted, socket)
        self._crowd.settle()

    def pass_unswept(self, span: timedelta) -> None:
        self._traveller.shift(span)

    def watch_again(self) -> list[str]:
        return self._crowd.watch(self.watcher, [self.ava])

    def wait_until_told(self, status: str) -> None:
        async def wait() -> None:
            while self.watcher.statuses[-1:] != [status]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

        self._crowd.loop.run_until_complete(asyncio.wait_for(wait(), 30))

    def shown(self) -> str:
        pair = (self.ben, self.ava)
        return seen([pair], clock.now())[pair].status

    def told(self) -> list[str]:
        told, self.watcher.statuses = self.watcher.statuses, []
        return told


@pytest.fixture
def quick_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Extended every ten milliseconds of the true clock, while the other one stands still."""
    monkeypatch.setattr(leases, "EXTENSIONS_PER_LEASE", 7000)
    monkeypatch.setattr(leases, "OTHERS_SECONDS", 0)
    # That of an earlier test waits on a loop which is closed.
    monkeypatch.setattr(leases.leases, "_task", None)


@pytest.fixture
def processes(crowd: Crowd, clock_stands: time_machine.Traveller) -> Processes:
    return Processes(crowd, clock_stands)


def test_a_killed_process_is_believed_for_70_seconds(processes: Processes) -> None:
    processes.open(processes.one)
    processes.open(processes.one)
    assert processes.told() == ["online"]
    began_at = clock.now()
    for _third in range(4):
        processes.wait(timedelta(seconds=25))
        processes.extend(processes.one)
    # Here it is killed: it says no more.
    processes.wait(timedelta(seconds=70) - MILLISECOND)
    assert (processes.shown(), processes.told()) == ("online", [])
    processes.wait(MILLISECOND)
    assert (processes.shown(), processes.told()) == ("offline", ["offline"])
    assert Presence.objects.get(pk=processes.ava).last_seen_at == began_at
    past = PastVisit.objects.filter(user_id=processes.ava)
    assert [visit.ended_at for visit in past] == [clock.now()] * 2


def test_who_comes_back_to_another_process_was_never_gone(processes: Processes) -> None:
    device_id = uuid4()
    processes.open(processes.one, device_id)
    assert processes.told() == ["online"]
    # The first is killed.
    processes.wait(timedelta(seconds=70) - MILLISECOND)
    socket = processes.open(processes.other, device_id)
    processes.wait(timedelta(seconds=30))
    assert (processes.shown(), processes.told()) == ("online", [])
    # A connection breaks off, and the next one is made elsewhere.
    processes.close(processes.other, socket)
    processes.wait(timedelta(seconds=5) - MILLISECOND)
    third = Tracker()
    socket = processes.open(third, device_id)
    processes.wait(timedelta(seconds=30))
    assert (processes.shown(), processes.told()) == ("online", [])
    processes.close(third, socket)
    processes.wait(timedelta(seconds=5) - MILLISECOND)
    assert (processes.shown(), processes.told()) == ("online", [])
    processes.wait(MILLISECOND)
    assert (processes.shown(), processes.told()) == ("offline", ["offline"])
    processes.open(third, device_id)
    assert processes.told() == ["online"]


def test_who_was_given_up_too_early_shows_again(processes: Processes) -> None:
    """A process that stood still for longer than its lease, and knows nothing of it."""
    processes.open(processes.one)
    processes.wait(timedelta(seconds=70))
    assert processes.told() == ["online", "offline"]
    processes.extend(processes.one)
    assert (processes.shown(), processes.told()) == ("online", ["online"])


def test_redis_forgets_in_the_twinkling_of_an_eye(
    quick_leases: None, redis_server: RedisServer, processes: Processes
) -> None:
    """No news was lost by it, and who left meanwhile is nobody's concern any more."""
    processes.open(processes.one)
    assert leases.were_lost([None]) == [False]
    redis_server.empty()
    # The first process was killed before it could tell anew that she is here.
    processes.wait_until_told("offline")
    assert processes.shown() == "offline"


def test_whom_a_watcher_found_away_before_any_sweeper_did(processes: Processes) -> None:
    socket = processes.open(processes.one)
    for _minute in range(5):
        processes.extend(processes.one)
        processes.wait(timedelta(minutes=1) - MILLISECOND)
    assert processes.told() == ["online"]
    processes.pass_unswept(5 * MILLISECOND)
    assert processes.watch_again() == ["away"]
    processes.act(processes.one, socket)
    assert (processes.shown(), processes.told()) == ("online", ["online"])


def test_one_device_leaves_and_the_other_stays(processes: Processes) -> None:
    phone, tablet = processes.open(processes.one), processes.open(processes.other)
    processes.close(processes.one, phone)
    processes.wait(timedelta(minutes=1))
    assert (processes.shown(), processes.told()) == ("online", ["online"])
    processes.close(processes.other, tablet)
    processes.wait(timedelta(seconds=5))
    assert processes.told() == ["offline"]


def test_a_store_that_knows_more_than_the_database_holds_nobody_up(
    crowd: Crowd, clock_stands: time_machine.Traveller
) -> None:
    """As after a backup of the database was restored."""
    (known,) = make_people(1, 0)
    sockets = [FakeSocket(person, uuid4()) for person in (uuid4(), known)]
    crowd.come(sockets)
    crowd.go(sockets)
    clock_stands.shift(5)
    crowd.sweep()
    assert [visit.user_id for visit in PastVisit.objects.all()] == [known]
    assert not store().due(clock.to_milliseconds(clock.now()), 1)


def test_who_sleeps_or_vanishes_is_noticed_as_soon_as_a_killed_process() -> None:
    """A peer that answers no ping is closed, and then has the time to come back. Sweeper and news
    take a moment, and nobody shows longer than 75 seconds."""
    noticed = settings.SOCKET_PING_SECONDS + settings.SOCKET_PING_TIMEOUT_SECONDS
    assert noticed + settings.PRESENCE_DAMPING_SECONDS <= settings.PRESENCE_LEASE_SECONDS < 75
