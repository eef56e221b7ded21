"""The only door to transactions, right on SQLite and on MongoDB.

``django.db.transaction.atomic`` does nothing on MongoDB, and the backend's own block neither
retries nor dooms a transaction whose inner failure was swallowed. So everything of ours goes
through here; a lint rule bans the other doors.

Rules for the code inside a block: it may run more than once (no outside effects, use
``on_commit``), it never catches ``IntegrityError`` (the transaction is already broken), and it
changes state by compare-and-set (``change_one``), since ``select_for_update`` locks nothing on
either database.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, connections, models
from django.db import transaction as django_transaction
from pymongo.errors import ConnectionFailure

from pairly.core.errors import TryAgain

__all__ = [
    "BrokenTransaction",
    "StaleRead",
    "atomic",
    "change_one",
    "database_now",
    "in_atomic_block",
    "is_mongodb",
    "is_outage",
    "on_commit",
    "run_atomic",
    "snapshot",
    "this_connection",
    "writers_turn",
]

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

ATTEMPTS_MAX = 12
BACKOFF_SECONDS_MAX = 0.2


class BrokenTransaction(DatabaseError):
    """A nested block failed and its error was swallowed: nothing may be committed."""


class StaleRead(DatabaseError):
    """A row changed between the read and the compare-and-set; the block is run again."""


class FirstComeLock:
    """A mutual exclusion that is handed over in the order of asking.

    ``threading.Lock`` lets a busy thread take it again and again; SQLite's busy handler polls
    with growing pauses, so a waiter may starve. Writers of one process queue here instead.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False

    def acquire(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()

    def release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False


_writers = FirstComeLock()


@contextmanager
def writers_turn() -> Iterator[None]:
    """Keep the writers of this process waiting; for what has to happen between two commits."""
    _writers.acquire()
    try:
        yield
    finally:
        _writers.release()


class _Here(threading.local):
    connection: Any = None


_here = _Here()


def this_connection() -> Any:
    """The database connection of this thread, for good: what ``connections`` gives, without the
    look-up that a small commit would make a dozen times."""
    connection = _here.connection
    if connection is None:
        connection = _here.connection = connections[DEFAULT_DB_ALIAS]
    return connection


@cache
def is_mongodb() -> bool:
    """Asked many times in each hot write, and settled for the process by its settings."""
    return bool(this_connection().vendor == "mongodb")


def database_now() -> datetime:
    """The time by MongoDB's clock, which all processes share whatever their machines' clocks say;
    one round trip. To the millisecond, as all times here."""
    at: datetime = this_connection().database.command("hello")["localTime"]
    return at.replace(tzinfo=UTC)


def in_atomic_block() -> bool:
    return bool(getattr(this_connection(), "pairly_depth", 0))


def on_commit(function: Callable[[], Any]) -> None:
    """Call the function after the outermost block commits; at once outside of a block."""
    this_connection().on_commit(function)


@contextmanager
def atomic() -> Iterator[None]:
    """All or nothing. Nested blocks join the outer one; a failure inside one dooms the whole.

    Raises whatever the block raised, or ``BrokenTransaction`` when an inner failure was caught.
    """
    connection = this_connection()
    if getattr(connection, "pairly_depth", 0):
        connection.pairly_depth += 1
        try:
            yield
        except BaseException:
            connection.pairly_broken = True
            raise
        finally:
            connection.pairly_depth -= 1
        return
    joins_djangos: bool = connection.in_atomic_block
    connection.pairly_depth, connection.pairly_broken = 1, False
    hooks: list[Any] = []
    try:
        with _mongodb_block() if is_mongodb() else _sqlite_block(connection):
            yield
            if connection.pairly_broken:
                raise BrokenTransaction("an inner block failed and its error was swallowed")
            if is_mongodb() or not joins_djangos:
                hooks, connection.run_on_commit = connection.run_on_commit, []
    finally:
        connection.pairly_depth, connection.pairly_broken = 0, False
    # Only now is the block over and the writers' lock given back, so a hook's own is a real one.
    for _savepoints, function, _robust in hooks:
        _run_hook(function)


@contextmanager
def _sqlite_block(connection: Any) -> Iterator[None]:
    """BEGIN IMMEDIATE after queueing for it.

    Inside of Django's own block (of its admin, say) ours is a part of that one: it has the lock
    of the database already, which the head of our queue may be waiting for, and its commit is
    the one that hooks wait for.
    """
    if connection.in_atomic_block:
        with django_transaction.atomic():
            yield
        return
    with writers_turn(), _begun(connection):
        yield


@contextmanager
def _begun(connection: Any) -> Iterator[None]:
    """What Django's outermost ``atomic`` does on SQLite and leaves of the connection's state, by
    two statements instead of leaving and entering autocommit: that took longer than all else
    in a small commit.

    A block that was marked for rollback raises here, where Django's would just undo it.
    """
    connection.ensure_connection()
    database = connection.connection
    with connection.wrap_database_errors:
        database.execute("BEGIN IMMEDIATE")
    connection.in_atomic_block, connection.autocommit = True, False
    connection.commit_on_exit, connection.needs_rollback = True, False
    try:
        yield
        if connection.needs_rollback:
            raise BrokenTransaction("the block was marked for rollback")
        with connection.wrap_database_errors:
            database.execute("COMMIT")
    except BaseException:
        connection.run_on_commit = []
        if not connection.closed_in_transaction and database.in_transaction:
            database.execute("ROLLBACK")
        raise
    finally:
        connection.in_atomic_block, connection.autocommit = False, True
        connection.needs_rollback = False
        if connection.closed_in_transaction:
            connection.closed_in_transaction, connection.connection = False, None


@contextmanager
def _mongodb_block() -> Iterator[None]:
    """A multi-document transaction; ``pairly.mongodb`` repairs what its commit leaves behind."""
    from django_mongodb_backend.transaction import atomic as mongodb_atomic

    with mongodb_atomic():
        yield


def _run_hook(function: Callable[[], Any]) -> None:
    """A hook cannot undo the commit, so its failure is loud in the log and stops no other."""
    try:
        function()
    except Exception:
        logger.exception("a function registered with on_commit failed")


def is_transient(error: BaseException | None) -> bool:
    """Whether the transaction surely did not commit and may succeed when run again."""
    while error is not None:
        if isinstance(error, StaleRead):
            return True
        has_label = getattr(error, "has_error_label", None)
        if has_label and has_label("TransientTransactionError"):
            return True
        if isinstance(error, OperationalError) and "locked" in str(error):
            return True
        error = error.__cause__
    return False


def is_outage(error: BaseException | None) -> bool:
    """Whether the database itself could not be had, so that asking for less would not help."""
    while error is not None:
        if isinstance(error, (OperationalError, ConnectionFailure)):
            return True
        error = error.__cause__
    return False


def run_atomic(function: Callable[[], Result]) -> Result:
    """Run the function in a transaction, again when a write conflict undid it.

    Inside another block it joins that one, and only the outermost level tries again. Raises
    ``TryAgain`` when every attempt met a conflict; nothing is written then.
    """
    if in_atomic_block():
        with atomic():
            return function()
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            with atomic():
                return function()
        except Exception as error:
            if not is_transient(error):
                raise
            if attempt == ATTEMPTS_MAX:
                # On MongoDB a process that died in a transaction keeps its rows for a while.
                raise TryAgain(retry_after_seconds=1) from error
            time.sleep(random.uniform(0, min(BACKOFF_SECONDS_MAX, 0.002 * 2**attempt)))
    raise AssertionError("unreachable: the last attempt returns or raises")


@contextmanager
def snapshot() -> Iterator[None]:
    """Reads inside all see the same moment, and on SQLite keep no writer waiting. No writes.

    MongoDB ends a transaction after 60 seconds, so long reads of what never changes belong
    before this block and not into it.
    """
    connection = this_connection()
    if in_atomic_block():
        raise RuntimeError("a snapshot must not be taken inside a transaction")
    if is_mongodb():
        with atomic():
            yield
        return
    connection.ensure_connection()
    with connection.wrap_database_errors:
        connection.connection.execute("BEGIN DEFERRED")
    try:
        yield
    finally:
        connection.connection.execute("ROLLBACK")


def change_one(queryset: "models.QuerySet[Any]", **values: Any) -> bool:
    """Compare-and-set: update the one row that the filter still matches. True if it did.

    False means that somebody else was first, which is an answer and not an error.
    """
    changed = queryset.update(**values)
    if changed > 1:
        raise AssertionError(f"compare-and-set matched {changed} rows of {queryset.model}")
    return changed == 1
