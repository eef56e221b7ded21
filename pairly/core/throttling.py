"""Rate limits that hold with many threads and processes.

REST framework's own throttles read a list, change it and write it back, so requests that come
together slip through. Here two counters, of this minute and of the one before, are moved by the
cache's atomic ``incr``; the earlier one counts by the share of it that the last sixty seconds
still cover, rounded up, so that a burst over the border of two minutes gains nothing.

Without the cache nobody is counted. Requests go on uncounted, but for those that are limited
since they can be abused (``fails_closed``): these are asked to come again.
"""

import hashlib
import ipaddress
import math
import time
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS
from rest_framework.throttling import BaseThrottle

from pairly.core import shared_cache
from pairly.core.errors import TryAgain

__all__ = ["MoneyThrottle", "SignInThrottle", "UserThrottle", "WindowThrottle", "client_address"]

WINDOW_SECONDS = 60
ROUNDING = 1e-9  # so that a caller who waited exactly as told is not refused by a last bit


class WindowThrottle(BaseThrottle):
    """At most ``settings.<limit_setting>`` requests of one caller in sixty seconds.

    A refused request does not count. ``wait()`` tells the seconds until the next would pass.
    Raises ``TryAgain`` where it cannot count and ``fails_closed``.
    """

    scope: str
    limit_setting: str
    fails_closed = False

    def __init__(self) -> None:
        self._wait_seconds: float | None = None

    def caller(self, request: Any) -> Sequence[str] | None:
        """What tells one caller from another; None leaves the request uncounted."""
        raise NotImplementedError

    def allow_request(self, request: Any, view: Any) -> bool:
        caller = self.caller(request) if settings.RATE_LIMITS else None
        if caller is None:
            return True
        limit: int = getattr(settings, self.limit_setting)
        try:
            self._wait_seconds = shared_cache.ask(
                lambda cache: _take(cache, self.scope, caller, limit, time.time())
            )
        except shared_cache.CacheAway as error:
            return self._uncounted(error)
        return self._wait_seconds is None

    def _uncounted(self, error: Exception) -> bool:
        if not self.fails_closed:
            return True
        raise TryAgain(
            "This cannot be done right now; try again in a moment.",
            retry_after_seconds=shared_cache.LEFT_ALONE_SECONDS,
        ) from error

    def wait(self) -> float | None:
        return self._wait_seconds


class UserThrottle(WindowThrottle):
    """The general limit: of a signed-in user over all devices, else of an address."""

    scope = "user"
    limit_setting = "RATE_USER_PER_MINUTE"

    def caller(self, request: Any) -> Sequence[str] | None:
        return _user_or_address(request)


class MoneyThrottle(WindowThrottle):
    """The limit on what moves money; looking at it is free."""

    scope = "money"
    limit_setting = "RATE_MONEY_PER_MINUTE"
    fails_closed = True

    def caller(self, request: Any) -> Sequence[str] | None:
        return None if request.method in SAFE_METHODS else _user_or_address(request)


class SignInThrottle(WindowThrottle):
    """The limit on guessing: of an account from an address, whether or not the account exists."""

    scope = "sign-in"
    limit_setting = "RATE_SIGN_IN_PER_MINUTE"
    fails_closed = True

    def caller(self, request: Any) -> Sequence[str] | None:
        if request.method in SAFE_METHODS:
            return None
        email = request.data.get("email", "")
        account = email.strip().lower() if isinstance(email, str) else ""
        return account, _network(client_address(request))


def client_address(request: Any) -> str:
    """The caller's IP address, or an empty text where the server knows none.

    Behind ``TRUSTED_PROXY_COUNT`` proxies it is the entry of X-Forwarded-For that the outermost
    of them wrote; what stands further left is the caller's own invention.
    """
    direct: str = request.META.get("REMOTE_ADDR") or ""
    proxies: int = settings.TRUSTED_PROXY_COUNT
    entries = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    if not proxies or len(entries) < proxies:
        return direct
    try:
        return str(ipaddress.ip_address(entries[-proxies]))
    except ValueError:
        return direct


def _user_or_address(request: Any) -> Sequence[str]:
    if request.user is not None and request.user.is_authenticated:
        return "user", str(request.user.pk)
    return "address", _network(client_address(request))


def _network(address: str) -> str:
    """One household has one IPv4 address but 2**64 of IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address


def _take(
    cache: shared_cache.Cache, scope: str, caller: Sequence[str], limit: int, now: float
) -> float | None:
    """Count one request. None if it is within the limit, else the seconds to wait."""
    window, elapsed = divmod(now, WINDOW_SECONDS)
    name = hashlib.sha256("\0".join(caller).encode()).hexdigest()[:32]
    key = f"rate:{scope}:{name}:{int(window)}"
    before: int = cache.get(f"rate:{scope}:{name}:{int(window) - 1}", 0)
    count = shared_cache.increment(cache, key, keep_seconds=2 * WINDOW_SECONDS)
    faded = math.ceil(before * (1 - elapsed / WINDOW_SECONDS) - ROUNDING)
    if faded + count <= limit:
        return None
    _decrement(cache, key)
    return _seconds_until_free(before, count - 1, limit, elapsed)


def _seconds_until_free(before: int, count: int, limit: int, elapsed: float) -> float:
    """When one more fits: later in this window, or in the next, where ``count`` fades instead."""
    if count < limit:
        fades, passed = before, -elapsed
    else:
        fades, passed, count = count, WINDOW_SECONDS - elapsed, 0
    share = (limit - 1 - count) / fades if fades else 1.0
    return max(1.0, passed + WINDOW_SECONDS * (1 - share))


def _decrement(cache: shared_cache.Cache, key: str) -> None:
    try:
        cache.decr(key)
    except ValueError:
        return  # The window went by; there is nothing to give back.
