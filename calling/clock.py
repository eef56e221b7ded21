"""The one clock by which calls ring, run and are billed.

Several processes share MongoDB's: those of their machines may differ by more than a heartbeat. On
SQLite they share the machine.
"""

from datetime import datetime

from pairly.core import clock
from pairly.core.db import database_now, is_mongodb

__all__ = ["now"]


def now() -> datetime:
    """The current time; ask once per operation and hand it down."""
    return database_now() if is_mongodb() else clock.now()
