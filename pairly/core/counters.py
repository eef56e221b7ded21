"""Counts of the last minutes in the shared cache: for what strangers can cause as often as they
like, so that it costs no row and no growing memory.

One number for each name and minute, which goes by itself. Names are a few, never a caller's own
words. Without the cache nothing is counted.
"""

from datetime import datetime

from pairly.core import shared_cache
from pairly.core.clock import to_milliseconds

__all__ = ["MINUTES_MAX", "count", "counted"]

MINUTES_MAX = 60
MINUTE_MILLISECONDS = 60_000
KEEP_SECONDS = (MINUTES_MAX + 1) * 60


def count(name: str, now: datetime) -> None:
    """It happened once more."""
    key = _key(name, _minute(now))
    try:
        shared_cache.ask(lambda one: shared_cache.increment(one, key, keep_seconds=KEEP_SECONDS))
    except shared_cache.CacheAway:
        return


def counted(name: str, *, minutes: int, now: datetime) -> int:
    """How often in this minute and the ones before, ``minutes`` in all. Raises ``CacheAway``."""
    last = _minute(now)
    keys = [_key(name, minute) for minute in range(last - minutes + 1, last + 1)]
    return sum(shared_cache.ask(lambda cache: cache.get_many(keys)).values())


def _minute(now: datetime) -> int:
    return to_milliseconds(now) // MINUTE_MILLISECONDS


def _key(name: str, minute: int) -> str:
    return f"count:{name}:{minute}"
