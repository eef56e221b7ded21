"""A MongoDB for the lines without a goal, where the development wheel brought one."""

from collections.abc import Iterator
from contextlib import contextmanager

from bench.servers import LOAD_CORE, on_core
from tests.mongod import Mongod, mongod_path

__all__ = ["mongodb_server"]


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
