"""Durable events: from the transaction that tells to the handler that hears, whatever breaks."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from django.core.management import call_command
from django.db import connections
from pytest_django import Settings

from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.ids import new_id
from pairly.outbox import dispatcher, services
from pairly.outbox.dispatch import RETRY_AFTER_SECONDS, dispatch_all, dispatch_due
from pairly.outbox.models import OutboxEvent
from pairly.outbox.registry import Registry
from pairly.outbox.tasks import dispatch_outbox
from tests.explain import assert_uses_index

pytestmark = pytest.mark.mongodb


@dataclass(frozen=True, slots=True)
class Baked:
    cake_id: UUID
    name: str
    layers: int
    sweet: bool
    at: datetime
    eaten_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Burnt:
    cake_id: UUID


class Kitchen:
    """What the handlers heard, and how they shall behave."""

    def __init__(self) -> None:
        self.baked: list[list[Baked]] = []
        self.burnt: list[list[Burnt]] = []
        self.behave: Callable[[], None] = lambda: None


kitchen = Kitchen()


def on_baked(events: Sequence[Baked]) -> None:
    kitchen.behave()
    kitchen.baked.append(list(events))


def on_burnt(events: Sequence[Burnt]) -> None:
    kitchen.burnt.append(list(events))


def on_baked_too(events: Sequence[Baked]) -> None:
    raise RuntimeError("the oven is out of order")


class PowerCut(BaseException):
    """Ends a dispatcher where it stands, as kill -9 does: nothing after it is done."""


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    kitchen.__init__()  # type: ignore[misc]
    fresh = Registry()
    monkeypatch.setattr(services, "registry", fresh)
    monkeypatch.setattr("pairly.outbox.dispatch.registry", fresh)
    yield
    dispatcher.stop()


def cake(name: str = "marble") -> Baked:
    return Baked(new_id(), name, layers=3, sweet=True, at=clock.now())


def tell(*events: Baked | Burnt) -> None:
    run_atomic(lambda: services.emit(*events))


def the_row() -> OutboxEvent:
    return OutboxEvent.objects.get()


def test_events_arrive_as_they_were_told_in_one_list() -> None:
    services.subscribe(Baked, on_baked)
    services.subscribe(Burnt, on_burnt)
    cakes, ruin = [cake("marble"), cake("Sachertorte ñ 🎂")], Burnt(new_id())
    tell(cakes[0], ruin, cakes[1])

    assert OutboxEvent.objects.count() == 2
    assert dispatch_all() == 2
    assert kitchen.baked == [cakes]
    assert kitchen.burnt == [[ruin]]
    assert dispatch_all() == 0
    assert {row.state for row in OutboxEvent.objects.all()} == {"done"}


def test_nothing_is_written_when_nobody_listens_or_the_transaction_fails() -> None:
    tell(cake())
    services.subscribe(Baked, on_baked)

    def told_and_regretted() -> None:
        services.emit(cake())
        raise ValueError("not after all")

    with pytest.raises(ValueError, match="not after all"):
        run_atomic(told_and_regretted)
    assert not OutboxEvent.objects.exists()
    with pytest.raises(RuntimeError, match="outside of a transaction"):
        services.emit(cake())


def test_an_inside_handler_acts_in_the_transaction_and_can_undo_it() -> None:
    services.subscribe(Baked, on_baked)
    services.subscribe(Burnt, on_burnt, inside=True)
    ruin = Burnt(new_id())
    tell(ruin)
    assert kitchen.burnt == [[ruin]]
    assert not OutboxEvent.objects.exists()

    services.subscribe(Baked, on_baked_too, inside=True)
    with pytest.raises(RuntimeError, match="out of order"):
        tell(cake())
    assert not OutboxEvent.objects.exists()


def test_a_failing_handler_is_retried_alone_and_then_parked() -> None:
    services.subscribe(Baked, on_baked)
    services.subscribe(Baked, on_baked_too)
    start = datetime(2026, 1, 31, 12, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as time:
        tell(cake())
        assert dispatch_all() == 2
        for seconds in RETRY_AFTER_SECONDS:
            time.shift(timedelta(seconds=seconds - 1))
            assert dispatch_all() == 0
            time.shift(timedelta(seconds=1))
            assert dispatch_all() == 1
        time.shift(timedelta(days=1))
        assert dispatch_all() == 0

        parked = OutboxEvent.objects.get(state=OutboxEvent.State.FAILED)
        assert parked.handler.endswith("on_baked_too")
        assert parked.last_error == "RuntimeError: the oven is out of order"
        assert parked.attempts == 1 + len(RETRY_AFTER_SECONDS)
        assert len(kitchen.baked) == 1

        call_command("run_outbox", "--once", "--retry-failed")
        parked.refresh_from_db()
        assert (parked.state, parked.attempts) == ("pending", 1)


def test_a_row_of_another_version_of_the_code_waits_instead_of_being_lost() -> None:
    services.subscribe(Baked, on_baked)
    tell(cake())
    OutboxEvent.objects.update(handler="pairly.gone.handlers.on_baked")
    dispatch_all()
    assert (the_row().state, the_row().attempts) == ("pending", 1)
    assert "KeyError" in the_row().last_error


@pytest.mark.parametrize("at", ["before the handler", "in the handler", "before finishing"])
def test_a_killed_dispatcher_leaves_the_row_to_the_next(
    at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.subscribe(Baked, on_baked)
    event = cake()

    def cut(*_: object, **__: object) -> None:
        raise PowerCut

    with time_machine.travel(datetime(2026, 1, 31, tzinfo=UTC), tick=False) as time:
        tell(event)
        with monkeypatch.context() as patched:
            if at == "in the handler":
                patched.setattr(kitchen, "behave", cut)
            else:
                place = "_run" if at == "before the handler" else "_finish"
                patched.setattr(f"pairly.outbox.dispatch.{place}", cut)
            with pytest.raises(PowerCut):
                dispatch_due()
        heard = list(kitchen.baked)
        time.shift(timedelta(seconds=299))
        assert dispatch_due() == 0
        time.shift(timedelta(seconds=1))
        assert dispatch_due() == 1
    assert kitchen.baked == [*heard, [event]]
    assert the_row().state == "done"


def test_a_handler_that_always_kills_its_process_is_parked() -> None:
    services.subscribe(Baked, on_baked)

    def die() -> None:
        raise PowerCut

    kitchen.behave = die
    with time_machine.travel(datetime(2026, 1, 31, tzinfo=UTC), tick=False) as time:
        tell(cake())
        for _ in range(1 + len(RETRY_AFTER_SECONDS)):
            with pytest.raises(PowerCut):
                dispatch_due()
            time.shift(timedelta(minutes=5))
        assert dispatch_due() == 1
    assert (the_row().state, the_row().last_error) == ("failed", "no attempt ever came to an end")


def test_many_dispatchers_run_each_row_once() -> None:
    services.subscribe(Baked, on_baked)
    for number in range(40):
        tell(cake(str(number)))
    barrier = threading.Barrier(4)

    def dispatch() -> int:
        try:
            barrier.wait()
            return dispatch_all()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        ran = [future.result() for future in [threads.submit(dispatch) for _ in range(4)]]
    assert sum(ran) == 40
    assert sorted(int(events[0].name) for events in kitchen.baked) == list(range(40))


def test_who_outlived_the_lease_does_not_overrule_the_next() -> None:
    services.subscribe(Baked, on_baked)
    with time_machine.travel(datetime(2026, 1, 31, tzinfo=UTC), tick=False) as time:
        tell(cake())

        def sleep_past_the_lease() -> None:
            kitchen.behave = lambda: None
            time.shift(timedelta(seconds=301))
            assert dispatch_due() == 1
            raise RuntimeError("too late to complain")

        kitchen.behave = sleep_past_the_lease
        dispatch_due()
    assert (the_row().state, the_row().last_error) == ("done", "")


def test_the_dispatcher_of_the_process_is_woken_by_the_commit() -> None:
    heard = threading.Event()
    services.subscribe(Baked, on_baked)
    kitchen.behave = heard.set
    dispatcher.start(dispatch_due, poll_seconds=None)
    tell(cake())
    assert heard.wait(10)
    dispatcher.stop()
    assert the_row().state == "done"


def test_a_dispatcher_that_is_told_to_stop_leaves_a_long_list_for_later() -> None:
    began, goes_on, ended = threading.Event(), threading.Event(), threading.Event()
    services.subscribe(Baked, on_baked)
    for _ in range(60):
        tell(cake())

    def wait() -> None:
        began.set()
        assert goes_on.wait(10)

    kitchen.behave = wait
    dispatcher.start(dispatch_due, poll_seconds=None)
    assert began.wait(10)
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(dispatcher.stop)
        goes_on.set()
        stopping.result(10)
    left = OutboxEvent.objects.filter(state=OutboxEvent.State.PENDING).count()
    assert 0 < left < 60

    kitchen.behave = lambda: ended.set() if len(kitchen.baked) == 59 else None
    dispatcher.start(dispatch_due, poll_seconds=None)
    assert ended.wait(30)
    dispatcher.stop()
    assert len(kitchen.baked) == 60


def test_a_process_that_does_not_dispatch_hands_the_word_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = threading.Event()
    monkeypatch.setattr("pairly.outbox.tests.test_outbox.hand_on", heard.set)
    settings.OUTBOX_WAKE = "pairly.outbox.tests.test_outbox.hand_on"
    services.subscribe(Baked, on_baked)
    tell(cake())
    assert heard.wait(10)


def test_the_clock_runs_a_portion_and_hands_the_rest_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = threading.Event()
    monkeypatch.setattr("pairly.outbox.tests.test_outbox.hand_on", heard.set)
    services.subscribe(Baked, on_baked)
    for _ in range(25):
        tell(cake())
    settings.OUTBOX_WAKE = "pairly.outbox.tests.test_outbox.hand_on"
    dispatch_outbox()
    assert 0 < len(kitchen.baked) < 25 and heard.wait(10)
    dispatcher.stop()
    heard.clear()
    dispatch_outbox()
    assert len(kitchen.baked) == 25
    dispatcher.stop()
    assert not heard.is_set()


def hand_on() -> None:
    raise AssertionError("replaced in the test")


def test_done_rows_are_removed_after_their_time() -> None:
    services.subscribe(Baked, on_baked)
    with time_machine.travel(datetime(2026, 1, 31, tzinfo=UTC), tick=False) as time:
        tell(cake())
        dispatch_all()
        time.shift(timedelta(days=6, hours=23))
        tell(cake())
        assert services.remove_done(now=clock.now()) == 0
        time.shift(timedelta(hours=1))
        assert services.remove_done(now=clock.now()) == 1
    assert the_row().state == "pending"


def test_a_long_list_is_cut_into_rows_of_bounded_size(settings: Settings) -> None:
    settings.OUTBOX_EVENTS_PER_ROW_MAX = 2
    services.subscribe(Baked, on_baked)
    tell(*[cake(str(number)) for number in range(5)])
    dispatch_all()
    assert sorted(len(events) for events in kitchen.baked) == [1, 2, 2]


def test_due_rows_come_out_of_an_index() -> None:
    services.subscribe(Baked, on_baked)
    for number in range(50):
        tell(cake(str(number)))
        if number < 40:
            dispatch_all()
    due = OutboxEvent.objects.filter(state=OutboxEvent.State.PENDING, due_at__lte=clock.now())
    assert_uses_index(due.order_by("due_at")[:100])
    assert due.count() == 10


def test_a_handler_that_no_row_could_name_is_refused() -> None:
    with pytest.raises(TypeError, match="function of a module"):
        services.subscribe(Baked, lambda events: None)
