"""SQLite's write-ahead log is copied into the database beside the commits, not inside of them.

By itself SQLite does so in the commit that makes the log too long, and whoever waits for that
commit waits for all the copying (https://www.sqlite.org/wal.html#ckpt). Here a thread copies a
few times a second without keeping any writer waiting, and what commits touch again and again in
between is copied once. Only to begin the log anew, so that it does not grow without end, does it
take one short turn among the writers.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connections
from django.db.backends.signals import connection_created

from pairly.core.db import is_mongodb, this_connection, writers_turn

__all__ = ["checkpointing"]

logger = logging.getLogger(__name__)

LOG_PAGES_MAX = 16_384
"""Beyond these 64 MiB the log is begun anew."""
BACKSTOP_PAGES = 262_144
"""Were the thread dead, commits would copy again at a gibibyte."""


@contextmanager
def checkpointing() -> Iterator[None]:
    """While the block lasts, connections of this process leave the copying to a thread."""
    if is_mongodb():
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_run, args=[ended], name="checkpoints", daemon=True)
    connection_created.connect(_leave_it_to_the_thread)
    thread.start()
    try:
        yield
    finally:
        connection_created.disconnect(_leave_it_to_the_thread)
        ended.set()
        thread.join()


def _leave_it_to_the_thread(connection: object = None, **_signal: object) -> None:
    database = connection.connection  # type: ignore[attr-defined]
    database.execute(f"PRAGMA wal_autocheckpoint={BACKSTOP_PAGES}")


def _run(ended: threading.Event) -> None:
    try:
        while not ended.wait(settings.SQLITE_CHECKPOINT_MILLISECONDS / 1000):
            try:
                _checkpoint()
            except Exception:
                logger.exception("the log could not be copied into the database")
    finally:
        connections.close_all()


def _checkpoint() -> None:
    """PASSIVE waits for nobody; RESTART makes the next commit write the log from its beginning."""
    connection = this_connection()
    connection.ensure_connection()
    pages = _copy("PASSIVE")
    if pages > LOG_PAGES_MAX:
        with writers_turn():
            _copy("RESTART")


def _copy(how: str) -> int:
    """How many pages the log holds, copied or not."""
    database = this_connection().connection
    _busy, pages, _copied = database.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
    return int(pages)
