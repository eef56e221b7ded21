"""Parquet files in the storage of uploads, and where this machine can read them.

A name is used once, so a file never changes: a bucket's file is fetched once and kept on disk.
"""

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile
from typing import Final

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

from pairly.core import clock
from pairly.core.ids import new_id

__all__ = [
    "PEOPLE_FOLDER",
    "clear_scratch",
    "day_file",
    "folder_of",
    "keep_fetched",
    "local_path",
    "made_at",
    "people_file",
    "scratch",
    "store",
    "stored_names",
]

DAYS_FOLDER: Final = "analytics/days"
PEOPLE_FOLDER: Final = "analytics/people"
LEFT_BEHIND: Final = timedelta(days=1)


def folder_of(day: date) -> str:
    return f"{DAYS_FOLDER}/{day.isoformat()}"


def day_file(day: date, kind: str) -> str:
    """A new name for a day's file; ``kind`` is events, activity or counts."""
    return f"{folder_of(day)}/{_new_word()}-{kind}.parquet"


def people_file() -> str:
    return f"{PEOPLE_FOLDER}/{_new_word()}.parquet"


def _new_word() -> str:
    """Begins with the time, as ``made_at`` reads it."""
    return f"{clock.to_milliseconds(clock.now()):012x}{new_id().hex[12:]}"


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


def made_at(name: str) -> datetime:
    """When the file was named, which its name begins with."""
    return clock.from_milliseconds(int(PurePosixPath(name).name[:12], 16))


def stored_names() -> Iterator[str]:
    """Every file of analytics in the storage."""
    for day in _listed(DAYS_FOLDER)[0]:
        yield from _names_in(f"{DAYS_FOLDER}/{day}")
    yield from _names_in(PEOPLE_FOLDER)


def clear_scratch(now: datetime) -> None:
    """Remove what processes that were killed have left."""
    for folder in scratch().glob("tmp*"):
        if folder.stat().st_mtime < (now - LEFT_BEHIND).timestamp():
            shutil.rmtree(folder, ignore_errors=True)


def keep_fetched(names: Collection[str]) -> None:
    """Of a bucket's files that were fetched, keep these alone. One that is being read stays
    readable until it is closed."""
    folder = _fetched_folder()
    for path in folder.rglob("*.parquet"):
        if path.relative_to(folder).as_posix() not in names:
            path.unlink(missing_ok=True)


def _names_in(folder: str) -> Iterator[str]:
    return (f"{folder}/{name}" for name in _listed(folder)[1])


def _listed(folder: str) -> tuple[list[str], list[str]]:
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []


def _fetched(name: str) -> Path:
    """Whoever fetches the same file at the same time ends with the same bytes."""
    kept = _fetched_folder() / name
    try:
        os.utime(kept)  # it is in use
    except FileNotFoundError:
        _forget_unused(clock.now())
        kept.parent.mkdir(parents=True, exist_ok=True)
        with (
            default_storage.open(name) as remote,
            NamedTemporaryFile(dir=kept.parent, delete=False) as local,
        ):
            shutil.copyfileobj(remote, local)
        Path(local.name).replace(kept)
    return kept


def _fetched_folder() -> Path:
    return scratch() / "fetched"


def _forget_unused(now: datetime) -> None:
    """What was fetched and not read for a day goes: on a machine that makes reports alone, nothing
    else removes the old file of a day, which may hold somebody who is forgotten."""
    for path in _fetched_folder().rglob("*"):
        with suppress(FileNotFoundError):  # somebody else removed it
            if path.is_file() and path.stat().st_mtime < (now - LEFT_BEHIND).timestamp():
                path.unlink()
