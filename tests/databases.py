"""A fresh, migrated, real database for each test, with real commits that all threads see.

Nothing is rolled back: on SQLite the migrated file is copied over the test's, on MongoDB the
collections are emptied and those that migrations fill are put back.
"""

import hashlib
import os
import weakref
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from pairly.sqlite.base import close_kept
from tests import files

NO_DOCUMENTS = hashlib.md5(usedforsecurity=False).hexdigest()
_opened: "weakref.WeakSet[BaseDatabaseWrapper]" = weakref.WeakSet()


def _remember(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    _opened.add(connection)
    if connection.vendor == "sqlite":
        # No test of this process is about a power cut; servers of their own flush as always.
        connection.connection.execute("PRAGMA synchronous=OFF")


connection_created.connect(_remember)


def forget_all_threads_connections() -> None:
    """A server's threads outlive a test and must not go on with its database. A thread may be in
    the middle of a statement, and to close SQLite under it would crash the process; forgotten, it
    is closed when the last who uses it is done."""
    for connection in list(_opened):
        connection.connection = None
    close_kept()


class EmptiedDatabase(Protocol):
    def prepare(self) -> None:
        """Migrate, once in a run."""

    def reset(self) -> None:
        """Go back to the state right after the migrations."""


class SqliteDatabase:
    def __init__(self) -> None:
        self._path = Path(str(settings.DATABASES[DEFAULT_DB_ALIAS]["NAME"]))

    def prepare(self) -> None:
        files.migrated_template()

    def reset(self) -> None:
        """A new file takes the old one's name: whoever still has that open harms nobody."""
        forget_all_threads_connections()
        fresh = self._path.with_suffix(".fresh")
        files.migrated_sqlite(fresh)
        for ending in ("-wal", "-shm"):
            Path(f"{self._path}{ending}").unlink(missing_ok=True)
        os.replace(fresh, self._path)
        ContentType.objects.clear_cache()


class MongoDatabase:
    def __init__(self) -> None:
        self._filled: dict[str, list[dict[str, Any]]] = {}
        self._digests: dict[str, str] = {}

    def prepare(self) -> None:
        call_command("migrate", verbosity=0)
        for name, digest in self._digests_now().items():
            if digest != NO_DOCUMENTS:
                self._digests[name] = digest
                self._filled[name] = list(self._database()[name].find())

    def reset(self) -> None:
        """One command says what was changed: of a hundred collections a test uses a few."""
        for name, digest in self._digests_now().items():
            if digest != self._digests.get(name, NO_DOCUMENTS):
                collection = self._database()[name]
                collection.delete_many({})
                if kept := self._filled.get(name):
                    collection.insert_many(kept)
        ContentType.objects.clear_cache()

    def _digests_now(self) -> dict[str, str]:
        found: dict[str, str] = self._database().command("dbHash")["collections"]
        return {name: found[name] for name in found if not name.startswith("system.")}

    @staticmethod
    def _database() -> Any:
        connection: Any = connections[DEFAULT_DB_ALIAS]
        connection.ensure_connection()
        return connection.database


def test_database() -> EmptiedDatabase:
    return MongoDatabase() if settings.MONGODB else SqliteDatabase()


test_database.__test__ = False  # type: ignore[attr-defined]
