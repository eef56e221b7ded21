"""A connection that is closed serves the next who opens one, and never two at once."""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections

from pairly.accounts.models import User
from pairly.core.db import is_mongodb
from pairly.sqlite.base import KEPT_MAX, close_kept


@pytest.fixture(autouse=True)
def none_kept() -> None:
    close_kept()


def in_a_thread(act: Callable[[], Any] = lambda: None) -> sqlite3.Connection:
    """The connection of a thread that ends, as that of a request does."""

    def run() -> sqlite3.Connection:
        try:
            connection.ensure_connection()
            found: sqlite3.Connection = connection.connection
            act()
            return found
        finally:
            connections.close_all()

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


def test_what_failed_or_is_under_way_is_not_handed_on() -> None:
    def fail() -> None:
        with connection.cursor() as cursor, pytest.raises(Exception, match="no such table"):
            cursor.execute("SELECT * FROM nowhere")

    def leave_a_transaction() -> None:
        connection.connection.execute("BEGIN IMMEDIATE")

    for act in (fail, leave_a_transaction):
        bad = in_a_thread(act)
        assert in_a_thread(User.objects.count) is not bad
        close_kept()


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
