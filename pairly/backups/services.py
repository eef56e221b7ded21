"""Backups of a running installation, and their way back. docs/operating.md says how to use them.

A backup is a folder: ``database`` is the database of one moment, ``data`` holds signed heads, mock
mode's keys and the uploads on this machine's disk, and ``manifest.json``, written last, knows the
sum of each file.

The order makes it fit. Heads are copied before the database, so that its chains reach each of
them; uploads before and after, so that what its rows name is there, but for what was deleted in
that moment. Uploads never take a name that was used.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from django.conf import settings

from notifications.push.vapid import KEY_FILE_NAME as PUSH_KEY
from pairly.backups import mongodb, sqlite
from pairly.backups.errors import BackupError
from pairly.core.clock import to_rfc3339
from pairly.core.signing import HEADS_FILE_NAME as HEADS
from pairly.core.signing import KEY_FILE_NAME as LEDGER_KEY
from pairly.core.signing import head_files
from pairly.realtime.services import forget_logs

__all__ = ["restore", "take"]

MANIFEST, DATABASE, DATA, UPLOADS = "manifest.json", "database", "data", "uploads"
SHOWN_MAX = 5


def take(folder: Path, now: datetime) -> dict[str, Any]:
    """Write a backup into a new or empty folder; its manifest.

    Raises ``BackupError``; what is in the folder then is no backup.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(f"{folder} is not empty.")
    for each in (folder, folder / DATABASE, folder / DATA):
        each.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # keys, and all that people wrote
    had_heads = _copy_heads_and_keys(folder / DATA)
    _copy_uploads(folder / DATA / UPLOADS)
    description = _store().save(folder / DATABASE)
    _copy_uploads(folder / DATA / UPLOADS)
    if not had_heads and _heads():
        raise BackupError("The ledger's first block was sealed meanwhile. Take the backup again.")
    files = {name: _sum(folder / name) for name in _names(folder)}
    size = sum((folder / name).stat().st_size for name in files)
    manifest = {
        "taken_at": to_rfc3339(now),
        "store": _store_name(),
        "bytes": size,
        "description": description,
        "files": files,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))
    os.sync()
    return manifest


def restore(folder: Path, *, replace: bool) -> dict[str, Any]:
    """Put a backup where the settings say that database and data are; its manifest. Devices, which
    may have seen what came after it, will read everything afresh.

    What is there is removed with ``replace``. Without it, and for a folder that is no whole
    backup, raises ``BackupError`` and changes nothing.
    """
    manifest = _checked_manifest(folder)
    occupied = [*_store().what_is_there(), *(str(path) for path in _data_there())]
    if occupied and not replace:
        more = f" and {len(occupied) - SHOWN_MAX} more" if len(occupied) > SHOWN_MAX else ""
        raise BackupError(
            f"Something is there already: {', '.join(occupied[:SHOWN_MAX])}{more}. "
            "Name another place in DATABASE_URL and PAIRLY_DATA_DIR, or say --replace and lose it."
        )
    _store().remove()
    for path in _data_there():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    # Last the database: without it nobody takes this for a whole installation.
    shutil.copytree(folder / DATA, settings.DATA_DIR, dirs_exist_ok=True)
    _store().load(folder / DATABASE, manifest["description"])
    forget_logs()
    return manifest


def _store() -> ModuleType:
    return mongodb if settings.MONGODB else sqlite


def _store_name() -> str:
    return "mongodb" if settings.MONGODB else "sqlite"


def _heads() -> Path | None:
    """The first of the files of signed heads that is there."""
    return next((file.path for file in head_files() if file.path.exists()), None)


def _copy_heads_and_keys(data: Path) -> bool:
    """Whether there were heads."""
    for name in (LEDGER_KEY, PUSH_KEY):
        with suppress(FileNotFoundError):
            shutil.copy(settings.DATA_DIR / name, data / name)
    heads = _heads()
    if heads is not None:
        shutil.copy(heads, data / HEADS)
    return heads is not None


def _copy_uploads(target: Path) -> None:
    """Those that are not there yet, and those that were still being written. Of a bucket nothing:
    it has means of its own."""
    if settings.S3_BUCKET:
        return
    for name in _names(settings.MEDIA_ROOT):
        source, copy = settings.MEDIA_ROOT / name, target / name
        with suppress(FileNotFoundError):  # deleted meanwhile
            if not copy.exists() or copy.stat().st_size != source.stat().st_size:
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, copy)


def _data_there() -> Iterator[Path]:
    for name in (HEADS, LEDGER_KEY, PUSH_KEY, UPLOADS):
        path = settings.DATA_DIR / name
        if path.exists():
            yield path


def _checked_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise BackupError(f"{folder} is no backup that was finished: {error}.") from error
    if manifest["store"] != _store_name():
        raise BackupError(f"It is a backup of {manifest['store']}; DATABASE_URL names another.")
    for name, wanted in manifest["files"].items():
        if not (folder / name).is_file() or _sum(folder / name) != wanted:
            raise BackupError(f"{folder / name} is not what was backed up.")
    return manifest


def _names(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
