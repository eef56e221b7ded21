"""Whether anybody writes to the database, in whatever thread."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

__all__ = ["no_database_writes"]

WRITING = [
    {"op": {"$in": ["insert", "update", "remove"]}},
    {"command.findAndModify": {"$exists": True}},
]


@contextmanager
def no_database_writes() -> Iterator[None]:
    """Fails if something was written meanwhile: the databases themselves are asked."""
    with _watched_mongodb() if settings.MONGODB else _watched_sqlite():
        yield


@contextmanager
def _watched_sqlite() -> Iterator[None]:
    """Its version, as one connection sees it, moves with the commits of all others."""
    path = str(settings.DATABASES[DEFAULT_DB_ALIAS]["NAME"])
    with closing(sqlite3.connect(path)) as database:
        version = "PRAGMA data_version"
        before = database.execute(version).fetchone()
        yield
        assert database.execute(version).fetchone() == before, "something was committed"


@contextmanager
def _watched_mongodb() -> Iterator[None]:
    connection: Any = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    database = connection.database
    database.drop_collection("system.profile")
    database.command("profile", 1, filter={"$or": WRITING})
    try:
        yield
    finally:
        database.command("profile", 0, filter="unset")
    found = [
        f"{one['op']} {one['ns']}" for one in database["system.profile"].find({"$or": WRITING})
    ]
    database.drop_collection("system.profile")
    assert not found, found
