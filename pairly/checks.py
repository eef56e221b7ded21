"""What Pairly refuses to run on. Each refusal has an id and says how to mend it.

``refuse_to_start`` is for the entry points that run no system checks by themselves (ASGI, WSGI,
Celery); the management commands of Django do.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from pairly.core.db import is_mongodb

__all__ = ["CHECKS", "can_be_guessed", "refusals", "refuse_to_start"]

SECRET_KEY_CHARACTERS_MIN = 50
METRICS_TOKEN_CHARACTERS_MIN = 20
DIFFERENT_CHARACTERS_MIN = 5
TIMEOUTS: dict[str, Any] = {"serverSelectionTimeoutMS": 5000, "timeoutMS": 5000}
MOCK_EMAIL_WORDS = ("console", "dummy", "filebased", "locmem", "pairly.")

Check = Callable[..., Sequence[CheckMessage]]


def check_time_zone(**_given: Any) -> list[CheckMessage]:
    if settings.TIME_ZONE == "UTC" and settings.USE_TZ:
        return []
    return [_error(11, "Times are not kept in UTC.", "Set TIME_ZONE to UTC and USE_TZ to True.")]


def check_production(**_given: Any) -> list[CheckMessage]:
    """Everything of mock mode that must not reach production, told all at once."""
    if settings.MOCK_MODE:
        return []
    return [*_secrets(), *_stores(), *_doors()]


def check_replica_set(databases: Sequence[str] | None = None, **_given: Any) -> list[CheckMessage]:
    """Transactions need a replica set; asked of the server, so only where databases are checked."""
    if not databases or not is_mongodb():
        return []
    hint = "Start mongod with --replSet, initiate it, and name it in DATABASE_URL (replicaSet=…)."
    try:
        # A client of its own: a server may ask this inside its event loop, where Django's
        # connections refuse to open.
        with MongoClient[Any](settings.DATABASE_URL, **TIMEOUTS) as client:
            hello = client.admin.command("hello")
    except PyMongoError as error:
        return [_error(13, f"MongoDB does not answer ({type(error).__name__}).", hint)]
    if "setName" in hello or hello.get("msg") == "isdbgrid":
        return []
    return [_error(12, "MongoDB is not a replica set, so it has no transactions.", hint)]


OUR_TAGS = ("pairly", "payments", "notifications")
CHECKS: tuple[tuple[Check, tuple[str, ...]], ...] = (
    (check_time_zone, ("pairly",)),
    (check_production, ("pairly", Tags.security)),
    (check_replica_set, ("pairly", Tags.database)),
)


def refusals() -> list[CheckMessage]:
    """Why a start would be refused, by us and our apps. Asks the database in production only."""
    databases = None if settings.MOCK_MODE else ["default"]
    found = run_checks(tags=OUR_TAGS, databases=databases)
    return [one for one in found if one.is_serious()]


def refuse_to_start() -> None:
    """Raises ``ImproperlyConfigured`` with every one of the ``refusals``."""
    if found := refusals():
        raise ImproperlyConfigured("\n".join(str(one) for one in found))


def can_be_guessed(secret: str, *, characters_min: int) -> bool:
    """Whether it is shorter than that, or the same few characters again and again."""
    return len(secret) < characters_min or len(set(secret)) < DIFFERENT_CHARACTERS_MIN


def _secrets() -> Iterator[CheckMessage]:
    key = settings.SECRET_KEY
    if key == settings.DEFAULT_SECRET_KEY or can_be_guessed(
        key, characters_min=SECRET_KEY_CHARACTERS_MIN
    ):
        hint = f"Set SECRET_KEY to {SECRET_KEY_CHARACTERS_MIN} random characters or more."
        yield _error(1, "SECRET_KEY is the default or too short.", hint)
    token = settings.METRICS_TOKEN
    if token and can_be_guessed(token, characters_min=METRICS_TOKEN_CHARACTERS_MIN):
        hint = f"Take {METRICS_TOKEN_CHARACTERS_MIN} random characters or more, or none at all."
        yield _error(16, "METRICS_TOKEN can be guessed.", hint)
    for name in ("STRIPE_WEBHOOK_SECRETS", "RAZORPAY_WEBHOOK_SECRETS"):
        if set(getattr(settings, name)) & set(settings.MOCK_WEBHOOK_SECRETS):
            yield _error(9, f"{name} is mock mode's.", "Take it from the provider's site.")


def _stores() -> Iterator[CheckMessage]:
    if not settings.MONGODB:
        hint = "Set DATABASE_URL to a mongodb:// address of a replica set."
        yield _error(2, "Production runs on MongoDB, not on SQLite.", hint)
    hint = "Set REDIS_URL."
    if not settings.REDIS_URL:
        yield _error(3, "REDIS_URL is missing.", hint)
    if "InMemory" in settings.CHANNEL_LAYERS["default"]["BACKEND"]:
        yield _error(4, "The channel layer lives in one process.", hint)
    if "LocMem" in settings.CACHES["default"]["BACKEND"]:
        yield _error(5, "The cache, and with it the rate limits, lives in one process.", hint)
    if any(word in settings.EMAIL_BACKEND.lower() for word in MOCK_EMAIL_WORDS):
        hint = "Set EMAIL_BACKEND to one that sends."
        yield _error(6, "E-mail would go to mock mode's outbox.", hint)
    if not settings.S3_BUCKET:
        hint = "Set S3_BUCKET and the key and address that belong to it."
        yield _error(15, "Uploads would lie on the disk of one machine.", hint)


def _doors() -> Iterator[CheckMessage]:
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        hint = "Set ALLOWED_HOSTS to the names that clients use."
        yield _error(7, "ALLOWED_HOSTS is empty or lets every name in.", hint)
    if not settings.RATE_LIMITS:
        yield _error(8, "Rate limits are off.", "Remove PAIRLY_RATE_LIMITS.")
    if settings.DEBUG:
        yield _error(10, "DEBUG shows internals to strangers.", "Set DEBUG to False.")
    if not settings.PUBLIC_URL.startswith("https://"):
        hint = "Set PUBLIC_URL to the https:// address that people use."
        yield _error(14, "PUBLIC_URL, which mails link to, is not https.", hint)


def _error(number: int, sentence: str, hint: str) -> Error:
    return Error(sentence, hint=hint, id=f"pairly.E{number:03d}")
