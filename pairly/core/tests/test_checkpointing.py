"""SQLite's log is copied beside the commits and begun anew, whoever writes meanwhile."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from pairly.core import checkpointing, clock
from pairly.core.db import run_atomic
from pairly.realtime.models import Event

SECONDS_MAX = 20
PAGES_MAX = 100
LARGE = "x" * 3000


@pytest.fixture
def log(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The log's file, while a thread looks after it. SQLite itself leaves it alone."""
    settings.SQLITE_CHECKPOINT_MILLISECONDS = 10
    monkeypatch.setattr(checkpointing, "LOG_PAGES_MAX", PAGES_MAX)
    database = connection.settings_dict["NAME"]
    with checkpointing.checkpointing():
        connections.close_all()
        yield Path(f"{database}-wal")
    connections.close_all()


def write(number: int) -> None:
    event = Event(id=f"{number:044}", type="test", data=LARGE, created_at=clock.now())
    run_atomic(lambda: event.save(force_insert=True))


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.005)


def test_commits_copy_nothing_and_the_log_stays_short(log: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_autocheckpoint")
        assert cursor.fetchone() == (checkpointing.BACKSTOP_PAGES,)
    database = Path(str(log).removesuffix("-wal"))
    before = database.stat().st_size
    for number in range(50):
        write(number)
    wait_for(lambda: database.stat().st_size > before)  # copied beside the commits

    sizes = set()
    for number in range(50, 2000):
        write(number)
        sizes.add(log.stat().st_size)
    assert Event.objects.count() == 2000
    # Ten times as much was written as the log ever held.
    assert max(sizes) < 2000 * len(LARGE)


def test_without_the_thread_sqlite_copies_by_itself() -> None:
    with checkpointing.checkpointing():
        pass
    connections.close_all()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_autocheckpoint")
        assert cursor.fetchone()[0] < checkpointing.BACKSTOP_PAGES
