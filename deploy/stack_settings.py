"""Settings of the local stack: production's own, over plain HTTP, without a proxy."""

from pairly.settings import *  # noqa: F403

SECURE_SSL_REDIRECT = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
