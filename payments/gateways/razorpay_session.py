"""The HTTP below Razorpay's library.

The library waits for ever, prints what goes wrong and hides the status of an answer; here a
request has a time limit and few repetitions, and what came of it is told in the words of ``base``.
"""

import logging
import random
import time
from collections.abc import Mapping
from typing import Any, Final

import requests
from django.conf import settings

from payments.gateways.answers import NotThere, Patience
from payments.gateways.base import GatewayRefused, GatewayUnreachable

__all__ = ["IDEMPOTENCY_HEADER", "RazorpaySession"]

logger = logging.getLogger(__name__)

IDEMPOTENCY_HEADER: Final = "X-Refund-Idempotency"
RETRY_PAUSE_SECONDS = 0.5
UNDECIDED: Final = (408, 409, 429)
FAULT: Final = 500
MISSING_SENTENCE: Final = "does not exist"
"""Razorpay has neither a status nor a code of its own for an id that it does not know."""


class RazorpaySession(requests.Session):
    """Raises ``GatewayUnreachable``, ``GatewayRefused``; else the answer is a JSON object.

    Repeated is only what makes nothing, or carries a key under which it is made once.
    """

    def __init__(self, patience: Patience) -> None:
        super().__init__()
        self._patience = patience

    def request(self, method: Any, url: Any, *arguments: Any, **options: Any) -> requests.Response:
        options["timeout"] = settings.PAYMENT_TIMEOUT_SECONDS
        with self._patience.asking():
            return self._answer(method, url, *arguments, **options)

    def _answer(self, method: Any, url: Any, *arguments: Any, **options: Any) -> requests.Response:
        repeatable = method.upper() == "GET" or IDEMPOTENCY_HEADER in (options.get("headers") or ())
        attempts = 1 + (settings.PAYMENT_RETRIES_MAX if repeatable else 0)
        for attempt in range(1, attempts + 1):
            try:
                return _judged(super().request(method, url, *arguments, **options))
            except requests.RequestException as error:
                failure = GatewayUnreachable(type(error).__name__)
                failure.__cause__ = error
            except GatewayUnreachable as error:
                failure = error
            if attempt < attempts:
                time.sleep(RETRY_PAUSE_SECONDS * 2 ** (attempt - 1) * random.uniform(0.5, 1))
        logger.warning("Razorpay did not answer %s %s: %s", method, _path(url), failure)
        raise failure


def _judged(response: requests.Response) -> requests.Response:
    status = response.status_code
    if status >= FAULT or status in UNDECIDED:
        raise GatewayUnreachable(f"status {status}")
    try:
        body = response.json()
    except ValueError as error:
        raise GatewayUnreachable(f"status {status} with a body that is not JSON") from error
    if response.ok and isinstance(body, dict):
        return response
    problem = body.get("error") if isinstance(body, dict) else None
    if not isinstance(problem, Mapping):
        raise GatewayUnreachable(f"status {status} without an error")
    sentence = str(problem.get("description") or "")
    code = _code(problem)
    if MISSING_SENTENCE in sentence:
        raise NotThere(code, sentence)
    logger.error("Razorpay refused %s: %s (status %s)", _path(response.url), code, status)
    raise GatewayRefused(code, sentence)


def _code(problem: Mapping[str, Any]) -> str:
    """The exact reason where there is one; the code alone says hardly more than the status."""
    reason = str(problem.get("reason") or "NA")
    return (reason if reason != "NA" else str(problem.get("code") or "refused")).lower()[:64]


def _path(url: Any) -> str:
    return str(url).partition("?")[0]
