"""The store of this process, by its settings."""

from django.conf import settings

from presence.stores.base import Store
from presence.stores.memory import MemoryStore
from presence.stores.redis import RedisStore

__all__ = ["forget", "store"]

_store: Store | None = None


def store() -> Store:
    """Redis where processes share one, else this process's own."""
    global _store
    if _store is None:
        _store = RedisStore(settings.REDIS_URL) if settings.REDIS_URL else MemoryStore()
    return _store


def forget() -> None:
    """For tests: the next one starts with another store."""
    global _store
    _store = None
