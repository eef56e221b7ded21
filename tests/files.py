"""Where the files of a test run lie, and the migrated database that they begin with."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 4 * 1024**3
_SHARED = "PAIRLY_TEST_SHARED_FOLDER"


def use_memory() -> None:
    """Files of tests lie in memory where there is room: a flush to a disk takes milliseconds, and
    no test cuts the power. What a test kills is a process, and its files outlive that here too."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    if shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def keep_compiled() -> None:
    """Else each worker rewrites the assertions of all tests anew, and each server that a test
    starts compiles the project: some machines come with this set."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def share(folder: Path) -> None:
    """Make it the folder of all processes of this run. Workers inherit the one of the process that
    hands tests out to them."""
    os.environ.setdefault(_SHARED, str(folder))


def shared() -> Path:
    return Path(os.environ[_SHARED])


def migrated_sqlite(path: Path) -> str:
    """An empty, migrated SQLite database at ``path``; its address. Migrating takes seconds, so a
    run does it once and copies."""
    shutil.copyfile(migrated_template(), path)
    return f"sqlite:///{path}"


def migrated_template() -> Path:
    """Made by whoever first needs it in a run, while the others wait."""
    path = shared() / "migrated.sqlite3"
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            unfinished = path.with_suffix(".unfinished")
            subprocess.run(
                [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"],
                env=os.environ | {"DATABASE_URL": f"sqlite:///{unfinished}"},
                check=True,
            )
            os.replace(unfinished, path)
    return path
