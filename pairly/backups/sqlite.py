"""SQLite's file, copied while others write into it."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings

from pairly.backups.errors import BackupError

__all__ = ["load", "remove", "save", "what_is_there"]

FILE = "pairly.sqlite3"
BUSY_SECONDS_MAX = 20


def save(folder: Path) -> dict[str, Any]:
    """The database of one moment, by SQLite's own backup: whoever writes is not kept waiting."""
    path = _path()
    if not path.exists():
        raise BackupError(f"There is no database at {path}.")
    address = f"{path.resolve().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS_MAX)) as source,
        closing(sqlite3.connect(folder / FILE)) as copy,
    ):
        source.backup(copy)
        # One file, whoever opens it next.
        copy.execute("PRAGMA journal_mode=DELETE")
    return {}


def what_is_there() -> list[str]:
    return [str(path) for path in _files() if path.exists()]


def remove() -> None:
    """Raises ``BackupError`` while a server has it open."""
    path = _path()
    if path.exists():
        with closing(sqlite3.connect(path, timeout=0)) as database:
            try:
                # SQLite leaves its log only when nobody else has the database open.
                database.execute("PRAGMA journal_mode=DELETE")
            except sqlite3.OperationalError as error:
                raise BackupError(f"{path} is in use ({error}). End its servers first.") from error
            except sqlite3.DatabaseError:
                pass  # it is damaged, which is why there are backups
    for each in _files():
        each.unlink(missing_ok=True)


def load(folder: Path, _description: dict[str, Any]) -> None:
    """The file takes its name when all of it is there."""
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.restoring")
    shutil.copyfile(folder / FILE, unfinished)
    os.replace(unfinished, path)


def _path() -> Path:
    return Path(str(settings.DATABASES["default"]["NAME"]))


def _files() -> list[Path]:
    return [_path(), *(Path(f"{_path()}{ending}") for ending in ("-wal", "-shm"))]
