"""Many callers, one commit; each its own answer."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError
from pymongo.errors import ServerSelectionTimeoutError

from pairly.core import clock
from pairly.core.batching import Batcher
from pairly.core.db import atomic
from pairly.core.errors import PairlyError, ValidationFailed
from pairly.core.table import Table
from pairly.realtime.models import Event

pytestmark = pytest.mark.mongodb

EVENTS = Table(Event, "id", "type", "data", "created_at")


def caused_by(error: Exception) -> DatabaseError:
    """As the driver's errors reach us."""
    raised = DatabaseError(str(error))
    raised.__cause__ = error
    return raised


class Recorder:
    """An operation that stores its requests and can be told to hold, refuse or break."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go = threading.Event()
        self.go.set()
        self.started = threading.Event()

    def store(self, requests: Sequence[str]) -> list[Any]:
        self.batches.append(list(requests))
        self.started.set()
        assert self.go.wait(20)
        now = clock.now()
        good = [r for r in requests if not r.startswith("refused")]
        EVENTS.insert([(request, "test", "{}", now) for request in good])
        if any(request.startswith("broken") for request in requests):
            raise RuntimeError("one of these cannot be done")
        return [
            ValidationFailed("refused") if request not in good else f"stored {request}"
            for request in requests
        ]


@pytest.fixture
def batcher() -> Any:
    made = Batcher("test writer")
    yield made
    made.stop()


def call_together(batcher: Batcher, recorder: Recorder, requests: list[str]) -> list[Any]:
    """Have the requests gather behind a first one that holds the writer."""
    recorder.go.clear()
    recorder.started.clear()

    def call(request: str) -> Any:
        try:
            return batcher.call(recorder.store, request)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(requests) + 1) as pool:
        first = pool.submit(call, "first")
        assert recorder.started.wait(20)
        rest = [pool.submit(call, request) for request in requests]
        while len(batcher._waiting) < len(requests):
            threading.Event().wait(0.001)
        recorder.go.set()
        assert first.result() == "stored first"
        return [future.result() for future in rest]


def test_what_gathers_shares_a_commit_and_each_gets_its_own(batcher: Batcher) -> None:
    recorder = Recorder()
    results = call_together(batcher, recorder, ["a", "refused", "b"])
    assert [str(r) for r in results] == ["stored a", "refused", "stored b"]
    assert isinstance(results[1], PairlyError)
    assert [len(batch) for batch in recorder.batches] == [1, 3]
    assert {row[0] for row in EVENTS.range("id", limit=9)} == {"first", "a", "b"}


def test_one_that_cannot_be_done_spoils_no_other(batcher: Batcher) -> None:
    recorder = Recorder()
    results = call_together(batcher, recorder, ["a", "b", "broken", "c", "d"])
    assert results[:2] + results[3:] == ["stored a", "stored b", "stored c", "stored d"]
    assert isinstance(results[2], RuntimeError)
    assert {row[0] for row in EVENTS.range("id", limit=9)} == {"first", "a", "b", "c", "d"}


@pytest.mark.parametrize(
    "failure",
    [OperationalError("database or disk is full"), caused_by(ServerSelectionTimeoutError())],
)
def test_a_database_that_is_away_is_asked_twice_and_not_for_each(
    batcher: Batcher, failure: DatabaseError
) -> None:
    """Each try may wait for half a minute, and nobody is answered before the last of them."""
    recorder = Recorder()
    store = recorder.store

    def fail(requests: Sequence[str]) -> list[Any]:
        answers = store(requests)
        if requests != ["first"]:
            raise failure
        return answers

    recorder.store = fail  # type: ignore[method-assign]
    results = call_together(batcher, recorder, [f"{number}" for number in range(8)])
    assert results == [failure] * 8
    assert [len(batch) for batch in recorder.batches] == [1, 8, 8]
    assert batcher.call(store, "again") == "stored again"


def test_nobody_is_answered_before_the_commit(batcher: Batcher) -> None:
    stored_when_answered: list[bool] = []
    answered = threading.Event()

    def reply(_result: Any) -> None:
        stored_when_answered.append(Event.objects.filter(pk="a").exists())
        answered.set()

    batcher.submit(Recorder().store, "a", reply)
    assert answered.wait(20)
    assert stored_when_answered == [True]


def test_several_operations_share_a_commit_in_one_transaction(batcher: Batcher) -> None:
    recorder, other = Recorder(), Recorder()
    recorder.go.clear()
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(batcher.call, recorder.store, "first")
        assert recorder.started.wait(20)
        rest = [
            pool.submit(batcher.call, recorder.store, "a"),
            pool.submit(batcher.call, other.store, "b"),
        ]
        while len(batcher._waiting) < 2:
            threading.Event().wait(0.001)
        recorder.go.set()
        assert [f.result() for f in [first, *rest]] == ["stored first", "stored a", "stored b"]
    assert (recorder.batches, other.batches) == ([["first"], ["a"]], [["b"]])


def test_a_call_inside_a_transaction_is_refused(batcher: Batcher) -> None:
    with pytest.raises(RuntimeError, match="inside a transaction"), atomic():
        batcher.call(Recorder().store, "a")


def test_stopping_finishes_what_waits_and_the_next_call_starts_again(batcher: Batcher) -> None:
    recorder = Recorder()
    results: list[Any] = []
    for number in range(20):
        batcher.submit(recorder.store, f"{number}", results.append)
    batcher.stop()
    assert results == [f"stored {number}" for number in range(20)]
    assert batcher.call(recorder.store, "again") == "stored again"
