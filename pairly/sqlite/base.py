"""Django's SQLite backend, whose connections are opened once and handed on from thread to thread.

Under ASGI each request runs in a thread of its own, and so has a connection of its own. Opening
one, telling it Django's functions and reading the schema took longer than most requests ask of it.
"""

import atexit
import os
import sqlite3
from collections import defaultdict
from typing import Any

from django.db.backends.sqlite3.base import DatabaseWrapper as SqliteWrapper

__all__ = ["DatabaseWrapper", "close_kept"]

KEPT_MAX = 16

_kept: defaultdict[str, list[sqlite3.Connection]] = defaultdict(list)
"""By file, the most recently used last. To take one and to put one back are one step each."""


def close_kept() -> None:
    """Those that nobody uses: before a fork, which no connection may cross, before the file is
    replaced, and at the end, since the last to close it puts the log back into the file."""
    for connections in list(_kept.values()):
        while connections:
            connections.pop().close()


os.register_at_fork(before=close_kept)
atexit.register(close_kept)


class DatabaseWrapper(SqliteWrapper):
    """One that failed, or stands in a transaction, is closed in earnest."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        try:
            return _kept[conn_params["database"]].pop()
        except IndexError:
            fresh: sqlite3.Connection = super().get_new_connection(conn_params)
            return fresh

    def _close(self) -> None:
        kept = _kept[str(self.settings_dict["NAME"])]
        if self.errors_occurred or self.connection.in_transaction or len(kept) >= KEPT_MAX:
            super()._close()  # type: ignore[misc]  # the stubs leave it out
        else:
            kept.append(self.connection)
