"""Where tests run: a temporary data folder, mock mode, SQLite or a MongoDB of their own.

``PAIRLY_TEST_DATABASE=mongodb pytest -m mongodb`` runs the marked part on MongoDB. Settings read
the environment once, so it is set here, before anything imports them.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

from tests import files
from tests.mongod import Mongod
from tests.redis_server import RedisServer, redis_path
from tests.sizes import is_small, is_torture

files.use_memory()
files.keep_compiled()
MONGODB = os.environ.get("PAIRLY_TEST_DATABASE", "sqlite") == "mongodb"
DATA_DIR = Path(tempfile.mkdtemp(prefix="pairly-tests-"))
files.share(DATA_DIR)
MONGOD_KEY = pytest.StashKey[Mongod]()


# A change must not fail by luck: the same examples are tried each time. Torture looks for new ones.
hypothesis_settings.register_profile("pairly", derandomize=not is_torture())
hypothesis_settings.load_profile("pairly")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if not runs_tests(config):
        return
    for name in [name for name in os.environ if name.startswith("PAIRLY_")]:
        if not name.startswith("PAIRLY_TEST_"):
            del os.environ[name]
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "pairly.settings",
        "PAIRLY_MODE": "mock",
        "PAIRLY_DATA_DIR": str(DATA_DIR),
        "PAIRLY_RATE_LIMITS": "off",
        "REDIS_URL": "",
        "DATABASE_URL": f"sqlite:///{DATA_DIR / 'pairly.sqlite3'}",
    }
    if MONGODB:
        config.stash[MONGOD_KEY] = Mongod()
        os.environ["DATABASE_URL"] = config.stash[MONGOD_KEY].url("pairly_test")

    import django

    django.setup()
    from django.conf import settings

    # Else each of a test's clients looks through the folders of static files before it begins.
    settings.WHITENOISE_AUTOREFRESH = True


def runs_tests(config: pytest.Config) -> bool:
    """Not so the process that only hands tests out to others (``pytest -n 2``): these inherit its
    environment, and would read settings before they could set their own."""
    return hasattr(config, "workerinput") or not getattr(config.option, "numprocesses", None)


def pytest_unconfigure(config: pytest.Config) -> None:
    if MONGOD_KEY in config.stash:
        config.stash[MONGOD_KEY].stop()
    shutil.rmtree(DATA_DIR, ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = {item for item in items if not belongs(item)}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


def belongs(item: pytest.Item) -> bool:
    """``mongodb(only=True)``: about MongoDB alone. ``mongodb(from_ci=True)``: the database matters
    little there, so at the small size SQLite is enough. ``ci``: takes long for what it shows."""
    wishes = {name for one in item.iter_markers("mongodb") for name in one.kwargs}
    if is_small() and (item.get_closest_marker("ci") or (MONGODB and "from_ci" in wishes)):
        return False
    return MONGODB or "only" not in wishes


def stop_batchers() -> None:
    """Let the threads that write in batches end, so that none holds the last test's database."""
    from pairly.core import batching
    from presence.tracker import worker

    for batcher in (*vars(batching).values(), worker):
        if isinstance(batcher, batching.Batcher):
            batcher.stop()


@pytest.fixture(scope="session")
def migrated_database(django_db_blocker: Any, django_test_environment: None) -> Iterator[Any]:
    """The database of this run. Its blocker goes, because tests here commit for real."""
    from django.test import override_settings

    from tests.databases import test_database

    quick = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with django_db_blocker.unblock(), override_settings(PASSWORD_HASHERS=quick):
        found = test_database()
        found.prepare()
        yield found


@pytest.fixture(autouse=True)
def database(migrated_database: Any) -> Iterator[None]:
    """Each test starts on a migrated, empty database and with empty caches."""
    from channels.layers import channel_layers
    from django.core.cache import caches
    from django.db import connections

    from pairly.moderation.classifier import rules
    from payments.pricing import price_list
    from presence.stores import chosen

    stop_batchers()
    migrated_database.reset()
    for cache in caches.all():
        cache.clear()
    channel_layers.backends.clear()
    price_list.forget()
    rules.forget()
    chosen.forget()
    yield
    stop_batchers()
    connections.close_all()


@pytest.fixture
def rate_limits(settings: Any) -> None:
    """Rate limits are off in tests, which would trip over them; here they are wanted."""
    settings.RATE_LIMITS = True


@pytest.fixture(scope="session")
def live_server_thread(migrated_database: Any) -> Iterator[str]:
    from tests.servers import server_in_thread

    with server_in_thread() as url:
        yield url


@pytest.fixture
def live_server_url(live_server_thread: str, database: None) -> str:
    """Address of the real application over real HTTP and sockets, on this test's database."""
    return live_server_thread


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    if redis_path() is None:
        sentence = "needs redis-server, which is not installed (apt-get install redis-server)"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    server = RedisServer()
    yield server
    server.stop()
