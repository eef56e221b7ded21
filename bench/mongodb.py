"""MongoDB and Redis for what is measured on them, where this machine has them."""

from collections.abc import Iterator
from contextlib import contextmanager

from bench.servers import LOAD_CORE, on_core
from tests.mongod import Mongod, mongod_path
from tests.redis_server import RedisServer, redis_path

__all__ = ["mongodb_server", "redis_server"]


@contextmanager
def mongodb_server() -> Iterator[str | None]:
    """The URL of a database of its own on the load's core; None where there is no mongod."""
    if mongod_path() is None:
        yield None
        return
    with on_core(LOAD_CORE):
        mongod = Mongod()
    try:
        yield mongod.url("pairly")
    finally:
        mongod.stop()


@contextmanager
def redis_server() -> Iterator[str | None]:
    """The URL of an empty Redis on the load's core; None where there is none."""
    if redis_path() is None:
        yield None
        return
    with on_core(LOAD_CORE):
        redis = RedisServer()
    try:
        yield redis.url
    finally:
        redis.stop()
