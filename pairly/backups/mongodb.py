"""MongoDB's collections as they were at one moment, each a file of BSON as mongodump writes it.

The moment is that of a snapshot session, which mongod keeps for five minutes unless
``minSnapshotHistoryWindowInSeconds`` says more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import bson
from bson import json_util
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from django.conf import settings
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure

from pairly.backups.errors import BackupError

__all__ = ["load", "remove", "save", "what_is_there"]

SNAPSHOT_CODES = (239, 246)
"""SnapshotTooOld and SnapshotUnavailable."""
RAW = CodecOptions(document_class=RawBSONDocument)
DOCUMENTS_AT_ONCE = 1000


def save(folder: Path) -> dict[str, Any]:
    """Every collection's documents, and what makes them anew: options, validators, indexes."""
    description = {}
    with _database() as database, database.client.start_session(snapshot=True) as session:
        for name, options in _collections(database):
            indexes = [dict(index) for index in database[name].list_indexes()]
            description[name] = {"options": options, "indexes": indexes}
        try:
            for name in description:
                with _file(folder, name).open("wb") as file:
                    file.writelines(database[name].find_raw_batches(session=session))
        except OperationFailure as error:
            if error.code not in SNAPSHOT_CODES:
                raise
            raise BackupError(
                f"MongoDB no longer has the moment at which the backup began ({error}). "
                "Let minSnapshotHistoryWindowInSeconds be longer than a backup takes, and do not "
                "migrate meanwhile."
            ) from error
    # Index keys are ordered and may hold BSON's own types, which extended JSON keeps.
    collections: dict[str, Any] = {"collections": json_util.dumps(description)}
    return collections


def what_is_there() -> list[str]:
    with _database() as database:
        return [
            f"collection {name}"
            for name, _options in _collections(database)
            if database[name].find_one() is not None
        ]


def remove() -> None:
    with _database() as database:
        database.client.drop_database(database.name)


def load(folder: Path, description: dict[str, Any]) -> None:
    with _database() as database:
        for name, made in json_util.loads(description["collections"]).items():
            database.drop_collection(name)
            collection = database.create_collection(name, **made["options"])
            with _file(folder, name).open("rb") as file:
                documents: Iterator[Any] = bson.decode_file_iter(file, RAW)
                while some := list(islice(documents, DOCUMENTS_AT_ONCE)):
                    collection.insert_many(some)
            indexes = [index for index in made["indexes"] if index["name"] != "_id_"]
            if indexes:
                database.command("createIndexes", name, indexes=indexes)


@contextmanager
def _database() -> Iterator[Database[Any]]:
    with MongoClient[Any](settings.DATABASE_URL) as client:
        yield client[str(settings.DATABASES["default"]["NAME"])]


def _collections(database: Database[Any]) -> list[tuple[str, dict[str, Any]]]:
    """Names and options of ours: no views, nothing of mongod's own."""
    return [
        (found["name"], found["options"])
        for found in database.list_collections()
        if found["type"] == "collection" and not found["name"].startswith("system.")
    ]


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.bson"
