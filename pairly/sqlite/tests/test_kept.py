"""A connection that is closed serves the next who opens one, and never two at once."""

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, close_old_connections, connection, connections

from pairly.accounts.models import User
from pairly.core.db import is_mongodb
from pairly.sqlite.base import KEPT_MAX, close_kept


@pytest.fixture(autouse=True)
def none_kept() -> None:
    close_kept()


def in_a_thread(
    act: Callable[[], Any], end: Callable[[], None] = close_old_connections
) -> sqlite3.Connection:
    """The connection of a thread that ends, as that of a request does."""

    def run() -> sqlite3.Connection:
        try:
            connection.ensure_connection()
            found: sqlite3.Connection = connection.connection
            act()
            return found
        finally:
            end()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def test_the_next_thread_gets_it() -> None:
    assert not is_mongodb()
    first = in_a_thread(User.objects.count)
    assert in_a_thread(User.objects.count) is first
    close_kept()
    with pytest.raises(sqlite3.ProgrammingError):
        first.execute("SELECT 1")
    assert in_a_thread(User.objects.count) is not first


def fail() -> None:
    with connection.cursor() as cursor, pytest.raises(OperationalError, match="no such table"):
        cursor.execute("SELECT * FROM nowhere")


def begin_in_the_driver() -> None:
    connection.connection.execute("BEGIN IMMEDIATE")


half_read: list[Any] = []


def read_half() -> None:
    """As an exception's traceback keeps a loop over ``iterator()``."""
    cursor = connection.chunked_cursor()
    cursor.execute("SELECT * FROM auth_permission")
    assert cursor.fetchone()
    half_read.append(cursor)


@pytest.mark.parametrize("end", [connections.close_all, close_old_connections])
@pytest.mark.parametrize("act", [fail, begin_in_the_driver, read_half])
def test_what_failed_or_is_under_way_is_not_handed_on(
    act: Callable[[], None], end: Callable[[], None]
) -> None:
    bad = in_a_thread(act, end)
    assert in_a_thread(User.objects.count) is not bad
    half_read.clear()
    in_a_thread(lambda: User.objects.update(bio=""))


def test_another_file_in_its_place_is_another() -> None:
    old, path = in_a_thread(User.objects.count), Path(str(connection.settings_dict["NAME"]))
    copy = path.with_suffix(".copy")
    shutil.copyfile(path, copy)
    os.replace(copy, path)
    fresh = in_a_thread(User.objects.count)
    assert fresh is not old and in_a_thread(User.objects.count) is fresh


def test_who_takes_one_finds_it_as_new() -> None:
    def change() -> None:
        connection.connection.execute("PRAGMA wal_autocheckpoint=1")

    def look() -> None:
        found.append(connection.connection.execute("PRAGMA wal_autocheckpoint").fetchone())

    found: list[Any] = []
    assert in_a_thread(change) is in_a_thread(look)
    assert found == [(4000,)]


def test_many_at_once_share_none_and_few_are_kept() -> None:
    count = KEPT_MAX + 4
    together, held = threading.Barrier(count), []

    def hold() -> None:
        held.append(id(connection.connection))
        together.wait(30)

    with ThreadPoolExecutor(count) as pool:
        opened = list(pool.map(lambda _: in_a_thread(hold), range(count)))
    assert len(set(held)) == count
    still_open = 0
    for one in opened:
        try:
            still_open += one.execute("SELECT 1").fetchone()[0]
        except sqlite3.ProgrammingError:
            continue
    assert still_open == KEPT_MAX
