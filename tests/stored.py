"""Everything that a server has stored, read from its database by another door."""

import sqlite3
import time
from contextlib import closing
from typing import Any

import pymongo

__all__ = ["settled"]

SETTLE_SECONDS_MAX = 20

# The clock's work goes on whatever people do; what it seals was stored before.
BY_THE_CLOCK = (
    *("payments_unsealed", "payments_sealed", "payments_block"),
    *("audit_unsealed", "audit_sealed", "audit_auditblock"),
    "outbox_outboxevent",
    *("jobs_jobrun", "payments_checkpoint", "payments_verifiedbalance", "calling_watch"),
    *("payments_revenueday", "payments_movement", "payments_creditday", "payments_outstanding"),
    *("payments_intentday", "payments_progress"),
    *("analytics_day", "analytics_event", "analytics_peoplefile", "analytics_progress"),
    # What somebody was told stands in notifications_notification; when it is sent, the clock says.
    *("notifications_delivery", "accounts_mail", "push_mockpush", "push_pushtaken"),
)

Stored = dict[str, list[str]]


def settled(database_url: str) -> Stored:
    """Every row of every table, sorted, once nothing waits to be sealed or told.

    Read anew then: on MongoDB the first tables may have been read before the last work was done.
    """
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    while _waiting(_everything(database_url)):
        if time.monotonic() > deadline:
            raise TimeoutError("the server's background work did not come to an end")
        time.sleep(0.05)
    found = _everything(database_url)
    return {name: rows for name, rows in found.items() if name not in BY_THE_CLOCK}


def _waiting(stored: Stored) -> bool:
    pending = any("'pending'" in row for row in stored.get("outbox_outboxevent", ()))
    return pending or any(stored.get(name) for name in ("payments_unsealed", "audit_unsealed"))


def _everything(database_url: str) -> Stored:
    read = _sqlite if database_url.startswith("sqlite") else _mongodb
    return read(database_url)


def _sqlite(database_url: str) -> Stored:
    path = database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        database.execute("BEGIN")
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: sorted(repr(row) for row in database.execute(f'SELECT * FROM "{name}"'))
            for (name,) in names
        }


def _mongodb(database_url: str) -> Stored:
    client: pymongo.MongoClient[Any]
    with pymongo.MongoClient(database_url) as client:
        database: Any = client.get_default_database()
        return {
            name: sorted(repr(document) for document in database[name].find())
            for name in database.list_collection_names()
        }
