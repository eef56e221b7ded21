"""The cache that all processes share, asked so that its absence harms as little as it can.

When it cannot be had it is left alone for a few seconds, so that no request waits for what the
one before it waited for in vain. Its going and its coming back are told once in each process: to
the log, and to the function that ``CACHE_OUTAGE_TOLD`` names.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.core.cache import BaseCache, cache
from django.utils.module_loading import import_string
from redis.exceptions import RedisError

__all__ = ["LEFT_ALONE_SECONDS", "Cache", "CacheAway", "ask", "increment", "is_away"]

logger = logging.getLogger(__name__)

LEFT_ALONE_SECONDS = 5

Cache = BaseCache
Result = TypeVar("Result")


class CacheAway(Exception):
    """The cache cannot be had now."""


class _Outage:
    """Whether the cache was away the last time that it was asked, and when to ask again."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._is_away = False
        self.ask_again_at = 0.0  # on the monotonic clock

    @property
    def is_away(self) -> bool:
        return self._is_away

    def note(self, *, is_away: bool) -> bool:
        """Whether this is news."""
        with self._guard:
            if is_away:
                self.ask_again_at = time.monotonic() + LEFT_ALONE_SECONDS
            changed, self._is_away = is_away != self._is_away, is_away
            return changed


_outage = _Outage()


def is_away() -> bool:
    """As of the last time that somebody here asked."""
    return _outage.is_away


def ask(question: Callable[[Cache], Result]) -> Result:
    """What the function comes to, which is called with the cache. Raises ``CacheAway``."""
    if _outage.is_away and time.monotonic() < _outage.ask_again_at:
        raise CacheAway
    try:
        answer = question(cache)
    except (RedisError, OSError) as error:
        if _outage.note(is_away=True):
            logger.error("the shared cache cannot be had: %s", error)
            _tell(True)
        raise CacheAway from error
    if _outage.is_away and _outage.note(is_away=False):
        logger.warning("the shared cache is back")
        _tell(False)
    return answer


def increment(cache: Cache, key: str, *, keep_seconds: int) -> int:
    """Count one more under the key, which goes by itself; the number with this one."""
    cache.add(key, 0, timeout=keep_seconds)
    try:
        return cache.incr(key)
    except ValueError:  # The cache dropped the key in between; counting starts afresh.
        cache.set(key, 1, timeout=keep_seconds)
        return 1


def _tell(is_away: bool) -> None:
    if not settings.CACHE_OUTAGE_TOLD:
        return
    try:
        import_string(settings.CACHE_OUTAGE_TOLD)(is_away)
    except Exception:
        logger.exception("nobody could be told of the shared cache")
