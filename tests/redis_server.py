"""Debian's redis-server for tests, on a free loopback port and without files."""

import shutil
import socket
import subprocess
import time

from redis import Redis

from tests.mongod import free_port

START_SECONDS_MAX = 10


def redis_path() -> str | None:
    return shutil.which("redis-server")


class RedisServer:
    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        """Again, after it was stopped: empty, at the same address."""
        path = redis_path()
        if path is None:
            raise RuntimeError("no redis-server: apt-get install redis-server")
        self._process = subprocess.Popen(
            [path, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly"]
            + ["no"],
            stdout=subprocess.DEVNULL,
        )
        self._wait()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()

    def empty(self) -> None:
        """Nothing of an earlier test is left."""
        with Redis.from_url(self.url) as redis:
            redis.flushall()

    def kill(self) -> None:
        """As when its machine goes."""
        self._process.kill()
        self._process.wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise RuntimeError("redis-server did not start") from None
                time.sleep(0.05)
