"""The door to transactions: all or nothing, in order of asking, run again on a conflict."""

import threading

import pytest
from django.db import DatabaseError, connection
from django.db.transaction import atomic as django_atomic  # noqa: TID251 - libraries use it

from pairly.core import clock
from pairly.core.db import (
    BrokenTransaction,
    FirstComeLock,
    StaleRead,
    _writers,
    atomic,
    change_one,
    in_atomic_block,
    is_mongodb,
    on_commit,
    run_atomic,
)
from pairly.realtime.models import Event

pytestmark = pytest.mark.mongodb


def write(key: str, data: str = "{}") -> None:
    Event.objects.create(id=key, type="test", data=data, created_at=clock.now())


def test_a_failed_block_leaves_nothing_and_calls_no_hook() -> None:
    called: list[str] = []
    with pytest.raises(RuntimeError), atomic():
        write("a")
        on_commit(lambda: called.append("never"))
        raise RuntimeError
    assert not Event.objects.exists() and not called and not in_atomic_block()
    with atomic():
        write("a")
        on_commit(lambda: called.append("after"))
        assert not called
    assert Event.objects.count() == 1 and called == ["after"]


def test_a_swallowed_inner_failure_dooms_the_whole() -> None:
    with pytest.raises(BrokenTransaction), atomic():
        write("a")
        try:
            with atomic():
                write("b")
                raise ValueError
        except ValueError:
            pass
        write("c")
    assert not Event.objects.exists()


def test_a_hook_that_fails_stops_no_other_and_may_write() -> None:
    def fail() -> None:
        raise ValueError

    with atomic():
        on_commit(fail)
        on_commit(lambda: run_atomic(lambda: write("from a hook")))
    assert Event.objects.filter(pk="from a hook").exists()


def test_a_hook_opens_a_transaction_of_its_own() -> None:
    """All or nothing there as well, with hooks of its own after its own commit."""
    seen: list[str] = []

    def half_done() -> None:
        write("half")
        on_commit(lambda: seen.append("never"))
        raise RuntimeError("fails in the middle")

    def whole() -> None:
        write("whole")
        on_commit(lambda: seen.append(f"open: {in_atomic_block()}"))
        seen.append("inside")

    with atomic():
        on_commit(lambda: run_atomic(half_done))
        on_commit(lambda: run_atomic(whole))
    assert [event.pk for event in Event.objects.all()] == ["whole"]
    assert seen == ["inside", "open: False"]


def test_inside_of_djangos_own_block_ours_is_a_part_of_that_one() -> None:
    """Its admin has one around each change. Whoever queues for it meanwhile must not be waited
    for, and hooks wait for the commit that counts."""
    if is_mongodb():
        pytest.skip("Django's own block does nothing there")
    called: list[str] = []
    with django_atomic():
        other = threading.Thread(target=lambda: run_atomic(lambda: write("other")))
        other.start()
        while not _writers._held:
            other.join(0.001)
        with atomic():
            write("ours")
            on_commit(lambda: called.append("hook"))
        assert called == []
    other.join()
    assert called == ["hook"]
    assert {event.pk for event in Event.objects.all()} == {"ours", "other"}


def test_a_stale_read_runs_the_block_again() -> None:
    runs: list[int] = []

    def block() -> str:
        runs.append(1)
        write(f"run {len(runs)}")
        if len(runs) < 3:
            raise StaleRead
        return "done"

    assert run_atomic(block) == "done"
    assert [event.pk for event in Event.objects.all()] == ["run 3"]

    def hopeless() -> None:
        raise DatabaseError("for good")

    with pytest.raises(DatabaseError, match="for good"):
        run_atomic(hopeless)


def test_no_update_is_lost_among_threads() -> None:
    """Each thread reads a number, adds one and writes it back: the classic lost update."""
    write("counter", "0")

    def add() -> None:
        def block() -> None:
            value = Event.objects.get(pk="counter").data
            changed = change_one(
                Event.objects.filter(pk="counter", data=value), data=str(int(value) + 1)
            )
            if not changed:
                raise StaleRead

        for _ in range(10):
            run_atomic(block)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Event.objects.get(pk="counter").data == "40"


def test_compare_and_set_answers_who_was_first() -> None:
    write("a", "old")
    assert change_one(Event.objects.filter(pk="a", data="old"), data="new")
    assert not change_one(Event.objects.filter(pk="a", data="old"), data="newer")
    assert Event.objects.get(pk="a").data == "new"


def test_the_lock_is_handed_over_in_the_order_of_asking() -> None:
    lock, order = FirstComeLock(), list[int]()
    lock.acquire()
    threads = []
    for number in range(5):
        queued = len(lock._waiting)

        def take(number: int = number) -> None:
            lock.acquire()
            order.append(number)
            lock.release()

        thread = threading.Thread(target=take)
        thread.start()
        while len(lock._waiting) == queued:
            thread.join(0.001)
        threads.append(thread)
    lock.release()
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4]


def test_sqlite_blocks_leave_the_connection_as_django_expects_it() -> None:
    if is_mongodb():
        pytest.skip("SQLite's own block")
    with pytest.raises(BrokenTransaction), atomic():
        write("a")
        connection.set_rollback(True)
    assert not Event.objects.exists()
    with atomic():
        write("a")
        with pytest.raises(DatabaseError), django_atomic():  # a library's block, with a savepoint
            write("b")
            write("b")
        write("c")
    assert set(Event.objects.values_list("pk", flat=True)) == {"a", "c"}
    with pytest.raises(DatabaseError), atomic():
        connection.close()
        write("d")
    with django_atomic(), atomic():
        write("e")
    assert connection.get_autocommit() and not connection.in_atomic_block
    assert Event.objects.count() == 3
