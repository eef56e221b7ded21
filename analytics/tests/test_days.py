"""Events on their way into the files of their days: none is ever counted twice or never."""

import random
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import duckdb
import pytest
import time_machine
from django.core.files.storage import default_storage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics import files, people
from analytics.frames import open_reports
from analytics.models import Day, Erasure, Event
from analytics.people import write_people
from analytics.services import days, erasing, keeping, moving
from analytics.tests.story import SCREEN, Told, at, send
from messaging.tests.people import make_people
from pairly.core.db import run_atomic
from tests.sizes import examples

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 4)
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
NAMES = (SCREEN, "session_started", "session_ended")


@pytest.fixture(autouse=True)
def march() -> Any:
    for name in list(files.stored_names()):
        default_storage.delete(name)
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def some_events(seed: int, count: int) -> list[tuple[str, str, datetime]]:
    chance = random.Random(seed)
    return [
        (
            str(chance.randrange(count)),
            chance.choice(NAMES),
            at(FIRST, chance.randrange(4 * 86_400 - 50_000)),
        )
        for _ in range(count)
    ]


def taken(told: Told, user_id: UUID, events: list[tuple[str, str, datetime]]) -> None:
    send(user_id, *events, now=NOW)
    told.add(user_id, *events)


@pytest.mark.mongodb
def test_late_repeated_and_moved_events_are_there_once() -> None:
    told, ava, ben = Told(), uuid4(), uuid4()
    taken(told, ava, some_events(1, 60))
    told.check(FIRST, LAST)
    assert moving.move_due(NOW) > 0
    told.check(FIRST, LAST)
    assert set(Day.objects.values_list("day", flat=True)) == {
        FIRST + timedelta(days=n) for n in range(3)
    }, "today waits until it is over or large"
    # The same again, and later ones: repeats are known although they are in files by now.
    taken(told, ava, some_events(1, 60))
    taken(told, ben, some_events(2, 60))
    told.check(FIRST, LAST)
    assert moving.move_due(NOW) == 0, "late events wait for an hour"
    moving.move_due(NOW + timedelta(hours=1))
    told.check(FIRST, LAST)
    moving.move_all(NOW)
    assert not Event.objects.filter(pending_day__gt="").exists()
    told.check(FIRST, LAST)


def test_figures_do_not_depend_on_the_order_of_arrival() -> None:
    ava, ben = uuid4(), uuid4()
    events = [(ava, one) for one in some_events(3, 40)] + [(ben, one) for one in some_events(4, 40)]
    told = Told()
    unique = {(user, one[0]): (user, one) for user, one in events}
    figures = set()
    for seed in range(3):
        run_atomic(lambda: (Event.objects.all().delete(), Day.objects.all().delete()))
        order = list(unique.values())
        random.Random(seed).shuffle(order)
        for number, (user_id, one) in enumerate(order):
            send(user_id, one, one, now=NOW)
            told.add(user_id, one)
            if number % 30 == 0:
                moving.move_all(NOW)
        moving.move_all(NOW)
        told.check(FIRST, LAST)
        figures.add(tuple(Day.objects.order_by("day").values_list("rollups_sha256", flat=True)))
    assert len(figures) == 1, "to the byte"


@pytest.mark.mongodb
def test_rollups_made_from_nothing_are_equal_to_the_byte() -> None:
    told, ava = Told(), uuid4()
    taken(told, ava, some_events(5, 100))
    moving.move_all(NOW)
    before = {day.day: day.rollups_sha256 for day in Day.objects.all()}
    assert [moving.rebuild_rollups(day, NOW) for day in Day.objects.all()] == [False] * 4
    lost = Day.objects.get(day=FIRST)
    default_storage.delete(lost.activity_file)
    run_atomic(lambda: Day.objects.filter(pk=lost.pk).update(rollups_sha256=""))
    assert [moving.rebuild_rollups(day, NOW) for day in Day.objects.order_by("day")] == [
        *(True, False, False, False)
    ]
    assert {day.day: day.rollups_sha256 for day in Day.objects.all()} == before
    told.check(FIRST, LAST)


@pytest.mark.mongodb
def test_somebody_forgotten_is_in_no_row_and_no_file() -> None:
    told, (ava, ben) = Told(), make_people(2, 0)
    write_people(NOW)
    taken(told, ava, some_events(6, 60))
    taken(told, ben, some_events(7, 60))
    moving.move_due(NOW)
    taken(told, ava, [("new", SCREEN, at(FIRST)), ("live", SCREEN, NOW)])
    erasing.request_erasure(ava, NOW)
    erasing.request_erasure(ava, NOW)
    assert erasing.erase_due(NOW) == 0, "somebody may be storing events of hers right now"
    later = NOW + timedelta(minutes=1)
    assert erasing.erase_due(later) == 1
    assert Erasure.objects.get().done_at == later
    told.forget(ava)
    told.check(FIRST, LAST)
    assert not Event.objects.filter(user_id=ava).exists()
    with open_reports(FIRST, LAST) as reports:
        marked = reports.execute("FROM erasures ORDER BY day").fetchall()
    assert marked == [(FIRST + timedelta(days=n), 1) for n in range(4)]
    assert whose_files() == {ava, ben}, "a report may still read the old ones"
    keeping.remove_stray_files(NOW + timedelta(hours=2))
    assert whose_files() == {ben}
    for _ in range(2):
        assert erasing.erase_due(later) == 0
        erasing.erase_now([ava], later)
        assert whose_files() == {ben}
    write_people(later)
    with open_reports(FIRST, LAST) as reports:
        known = reports.execute("SELECT user_id FROM people").fetchall()
    assert known == [(ben,)], "an account without events would pass for somebody who never came"
    # What still comes of hers is not taken.
    send(ava, ("after", SCREEN, NOW), now=NOW)
    told.check(FIRST, LAST)


def whose_files() -> set[UUID]:
    """Everybody who is in a file of the storage, named by a row or not."""
    paths = [
        path for name in files.stored_names() if "counts" not in (path := files.local_path(name))
    ]
    every = duckdb.read_parquet(paths, union_by_name=True)
    return {user_id for (user_id,) in every.select("user_id").distinct().fetchall()}


def test_files_that_no_row_names_go_after_an_hour() -> None:
    told, ava = Told(), uuid4()
    taken(told, ava, some_events(8, 30))
    moving.move_all(NOW)
    taken(told, ava, [("late", SCREEN, at(FIRST))])
    moving.move_all(NOW)
    assert len(list(files.stored_names())) == 15
    assert keeping.remove_stray_files(NOW + timedelta(minutes=59)) == 0
    assert keeping.remove_stray_files(NOW + timedelta(hours=1)) == 3
    told.check(FIRST, LAST)


def test_what_is_too_old_goes() -> None:
    told, ava = Told(), uuid4()
    taken(told, ava, some_events(9, 30))
    moving.move_all(NOW)
    assert keeping.remove_old_events(NOW + timedelta(days=4)) == 0
    assert keeping.remove_old_events(NOW + timedelta(days=20)) == len(told.events)
    told.check(FIRST, LAST)
    keeping.remove_old_events(NOW + timedelta(days=800))
    Told().check(FIRST, LAST)


class Killed(BaseException):
    """Not an Exception: nothing on the way may catch it."""


class Reaper:
    """Kills the process before the n-th step that leaves a trace."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = -1
        for module, name in (
            (files, "store"),
            (days, "run_atomic"),
            (erasing, "run_atomic"),
            (people, "run_atomic"),
        ):
            monkeypatch.setattr(module, name, self._deadly(getattr(module, name)))

    def _deadly(self, function: Any) -> Any:
        def step(*args: Any) -> Any:
            self._tick()
            result = function(*args)
            self._tick()
            return result

        return step

    def _tick(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(0, 2), st.integers(0, 5)),
        st.tuples(st.just("move"), st.integers(0, 12), st.just(0)),
        st.tuples(st.just("erase"), st.integers(0, 2), st.integers(0, 12)),
        st.tuples(st.just("rebuild"), st.integers(0, 6), st.just(0)),
        st.tuples(st.just("sweep"), st.just(0), st.just(0)),
    ),
    min_size=6,
    max_size=14,
)


@settings(
    max_examples=examples(small=6, ci=25, torture=400),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_killed_between_any_two_steps_each_event_counts_once(
    steps: list[tuple[str, int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_atomic(lambda: [m.objects.all().delete() for m in (Event, Day, Erasure)])
    with monkeypatch.context() as patched:
        reaper = Reaper(patched)
        told, users, gone, now = Told(), make_people(3, 0), set[UUID](), NOW
        write_people(NOW)
        for number, (what, one, other) in enumerate(steps):
            if what == "send":
                events = some_events(other, 12)
                send(users[one], *events, now=NOW)
                if users[one] not in gone:
                    told.add(users[one], *events)
            elif what == "move":
                reaper.left = one
                with suppress(Killed):
                    moving.move_all(now)
            elif what == "rebuild":
                reaper.left = one
                with suppress(Killed):
                    for day in Day.objects.exclude(events_file=""):
                        moving.rebuild_rollups(day, now)
            elif what == "erase":
                erasing.request_erasure(users[one], now)
                gone.add(users[one])
                reaper.left = other
                with suppress(Killed):
                    erasing.erase_due(now + timedelta(minutes=2))
                reaper.left = -1
                erasing.erase_due(now + timedelta(minutes=2))
                told.forget(users[one])
            else:
                now += timedelta(hours=2)
                keeping.remove_stray_files(now + timedelta(hours=number))
            reaper.left = -1
            told.check(FIRST, LAST)
        with open_reports(FIRST, LAST) as reports:
            known = {one for (one,) in reports.execute("SELECT user_id FROM people").fetchall()}
        assert known & set(users) == set(users) - gone
