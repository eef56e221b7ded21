"""Parquet files in the storage of uploads, and where this machine can read them.

A name is used once, so a file never changes: a bucket's file is fetched once and kept on disk.
"""

import shutil
from datetime import date
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

from pairly.core.ids import new_id

__all__ = ["FOLDER", "day_file", "folder_of", "local_path", "people_file", "scratch", "store"]

FOLDER: Final = "analytics"


def folder_of(day: date) -> str:
    return f"{FOLDER}/days/{day.isoformat()}"


def day_file(day: date, kind: str) -> str:
    """A new name for a day's file; ``kind`` is events, activity or counts."""
    return f"{folder_of(day)}/{new_id().hex}-{kind}.parquet"


def people_file() -> str:
    return f"{FOLDER}/people/{new_id().hex}.parquet"


def scratch() -> Path:
    """A folder of this machine for what may be lost."""
    folder = settings.DATA_DIR / "analytics-scratch"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def store(name: str, written: Path) -> None:
    """Move a finished file into the storage under its new name."""
    with written.open("rb") as content:
        stored = default_storage.save(name, File(content))
    if stored != name:
        raise FileExistsError(f"{name} was stored as {stored}")
    written.unlink()


def local_path(name: str) -> str:
    """Where to read the file on this machine; fetched first where the storage is elsewhere."""
    try:
        return default_storage.path(name)
    except NotImplementedError:
        return str(_fetched(name))


def _fetched(name: str) -> Path:
    """Whoever fetches the same file at the same time ends with the same bytes."""
    kept = scratch() / "fetched" / name
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with (
            default_storage.open(name) as remote,
            NamedTemporaryFile(dir=kept.parent, delete=False) as local,
        ):
            shutil.copyfileobj(remote, local)
        Path(local.name).replace(kept)
    return kept
