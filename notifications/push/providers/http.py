"""The HTTP below Web Push and FCM."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx
from django.conf import settings

__all__ = ["CONNECTIONS_MAX", "NoAnswer", "http_client", "post", "retry_after"]

CONNECTIONS_MAX: Final = 50
RETRY_AFTER_SECONDS_MAX: Final = 6 * 3600


class NoAnswer(Exception):
    """Nothing came back in time: it may or may not have been taken."""


def http_client() -> httpx.AsyncClient:
    """For one batch. Redirects are not followed: an address was checked, where it leads was not."""
    return httpx.AsyncClient(
        limits=httpx.Limits(max_connections=CONNECTIONS_MAX),
        timeout=settings.PUSH_TIMEOUT_SECONDS,
        trust_env=False,
    )


async def post(client: httpx.AsyncClient, url: str, **content: Any) -> httpx.Response:
    """Raises ``NoAnswer``. The time limit is on the whole answer, however slowly it drips."""
    try:
        async with asyncio.timeout(settings.PUSH_TIMEOUT_SECONDS):
            return await client.post(url, **content)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise NoAnswer(type(error).__name__) from error


def retry_after(headers: Mapping[str, str], now: datetime) -> int | None:
    """The seconds that a provider asks for, which it may write as a date; None if it asks for
    none that can be read."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return min(int(text), RETRY_AFTER_SECONDS_MAX)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    seconds = int((at.astimezone(UTC) - now).total_seconds())
    return min(max(seconds, 0), RETRY_AFTER_SECONDS_MAX)
