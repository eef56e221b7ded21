"""An external classifier beside the heuristics, asked over HTTP within a time-out.

It is sent ``{"text": …}`` and answers ``{"signals": {"insult": 1}}``, in the names of
``signals.SIGNALS``; others are ignored. Whatever goes wrong, no message waits longer or is lost:
the heuristics decide, and the signal ``unexamined`` flags it for staff.
"""

import logging
import threading
import time
from typing import Annotated

import httpx
import msgspec
from django.conf import settings

from pairly.moderation.classifier.heuristics import Heuristics
from pairly.moderation.classifier.signals import SIGNALS, UNEXAMINED
from pairly.moderation.classifier.verdicts import Signals

__all__ = ["Service"]

logger = logging.getLogger(__name__)

Count = Annotated[int, msgspec.Meta(ge=0, le=1000)]


class Answer(msgspec.Struct):
    signals: dict[str, Count]


class Circuit:
    """After some failures in a row nothing is asked for a while, so that a service that is down
    costs no message its time-out."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._failures = 0
        self._closed_at = 0.0

    def is_open(self) -> bool:
        return time.monotonic() < self._closed_at

    def succeeded(self) -> None:
        with self._guard:
            self._failures = 0

    def failed(self) -> None:
        with self._guard:
            self._failures += 1
            if self._failures >= settings.MODERATION_SERVICE_FAILURES_MAX:
                self._closed_at = time.monotonic() + settings.MODERATION_SERVICE_PAUSE_SECONDS


class Service:
    """Sibling of ``heuristics.Heuristics``."""

    waits = True

    def __init__(self) -> None:
        self._heuristics = Heuristics()
        self._circuit = Circuit()
        self._client = httpx.Client(trust_env=False)

    def examine(self, text: str) -> Signals:
        """What either of the two finds. Never raises."""
        found = dict(self._heuristics.examine(text))
        for name, count in self._asked(text).items():
            if name in SIGNALS and count:
                found[name] = max(count, found.get(name, 0))
        return tuple(found.items())

    def _asked(self, text: str) -> dict[str, int]:
        if self._circuit.is_open():
            return {UNEXAMINED: 1}
        try:
            signals = self._answer(text)
        except (httpx.HTTPError, msgspec.DecodeError) as error:
            logger.warning("the external classifier failed", exc_info=error)
            self._circuit.failed()
            return {UNEXAMINED: 1}
        self._circuit.succeeded()
        return signals

    def _answer(self, text: str) -> dict[str, int]:
        answer = self._client.post(
            settings.MODERATION_SERVICE_URL,
            json={"text": text},
            headers={"Authorization": f"Bearer {settings.MODERATION_SERVICE_TOKEN}"},
            timeout=settings.MODERATION_SERVICE_TIMEOUT_MILLISECONDS / 1000,
        )
        answer.raise_for_status()
        return msgspec.json.decode(answer.content, type=Answer).signals
