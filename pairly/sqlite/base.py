"""Django's SQLite backend, whose connections are opened once and handed on from thread to thread.

Under ASGI each request runs in a thread of its own, and so has a connection of its own. Opening
one, telling it Django's functions and reading the schema took longer than most requests ask of it.
"""

import atexit
import os
import sqlite3
from collections import defaultdict
from typing import Any
from weakref import WeakSet

from django.db.backends.sqlite3.base import DatabaseWrapper as SqliteWrapper

__all__ = ["DatabaseWrapper", "close_kept"]

KEPT_MAX = 8

File = tuple[str, int, int]
"""Its name, device and inode: a file that took another's name is another."""

_kept: defaultdict[File, list[sqlite3.Connection]] = defaultdict(list)
"""The most recently used last. To take one and to put one back are one step each."""


def close_kept() -> None:
    """Those that nobody uses: before a fork, which no connection may cross, and at the end, since
    the last to close it puts the log back into the file."""
    for connections in list(_kept.values()):
        while connections:
            connections.pop().close()


os.register_at_fork(before=close_kept)
atexit.register(close_kept)


class DatabaseWrapper(SqliteWrapper):
    """One that failed, stands in a transaction or may be half read is closed in earnest."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._file: File = ("", 0, 0)
        self._read_in_parts: WeakSet[Any] = WeakSet()

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        name = conn_params["database"]
        try:
            kept = _kept[_file_of(name)].pop()
        except (FileNotFoundError, IndexError):
            fresh: sqlite3.Connection = super().get_new_connection(conn_params)
            self._file = _file_of(name)
            return fresh
        self._file = _file_of(name)
        for command in self.init_commands:  # type: ignore[attr-defined]
            kept.execute(command)
        return kept

    def chunked_cursor(self) -> Any:
        """What ``iterator()`` reads with. Until the last row is read it holds a moment's view, and
        whoever got the connection would read, and fail to write, in that past."""
        cursor = super().chunked_cursor()
        self._read_in_parts.add(cursor)
        return cursor

    def is_usable(self) -> bool:
        """Django asks after an error, and takes True for a pardon."""
        return not self.errors_occurred

    def _close(self) -> None:
        is_busy = self.in_atomic_block or self.connection.in_transaction or self._read_in_parts
        kept = _kept[self._file]
        if self.errors_occurred or is_busy or len(kept) >= KEPT_MAX:
            super()._close()  # type: ignore[misc]  # the stubs leave it out
        else:
            kept.append(self.connection)


def _file_of(name: str) -> File:
    found = os.stat(name)
    return name, found.st_dev, found.st_ino
