"""Checking what must be true at every moment; what is not is an alert."""

import logging
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from pairly.alerts.models import Severity
from pairly.alerts.services import clear_alert, raise_alert
from pairly.core.invariants import Invariant, all_invariants

__all__ = ["INVARIANT_BROKEN", "SENTENCES_MAX", "check_invariants"]

logger = logging.getLogger(__name__)

INVARIANT_BROKEN = "invariant_broken"
SENTENCES_MAX = 20
SECOND_LOOK_SECONDS = 1.0


def check_invariants(now: datetime) -> Iterator[tuple[str, list[str]]]:
    """Every invariant with what is wrong with it, at most ``SENTENCES_MAX`` sentences, as they are
    checked. What is wrong raises an alert of that invariant, what is right clears it."""
    for name, invariant in sorted(all_invariants().items()):
        wrong = _checked(name, invariant)
        if wrong:
            _raise(name, wrong, now)
        else:
            clear_alert(kind=INVARIANT_BROKEN, key=name, now=now)
        yield name, wrong


def _checked(name: str, invariant: Invariant) -> list[str]:
    """What is wrong stays wrong: what was read while others wrote may only look so, and is looked
    at again."""
    try:
        if not _sentences(invariant):
            return []
        time.sleep(SECOND_LOOK_SECONDS)
        return _sentences(invariant)
    except Exception as error:
        logger.exception("the invariant %s could not be checked", name)
        return [f"it could not be checked: {type(error).__name__}: {error}"]


def _sentences(invariant: Invariant) -> list[str]:
    return list(islice(invariant(), SENTENCES_MAX))


def _raise(name: str, wrong: list[str], now: datetime) -> None:
    raise_alert(
        kind=INVARIANT_BROKEN,
        key=name,
        severity=Severity.CRITICAL,
        title=f"It does not hold that {name.replace('_', ' ')}",
        details="\n".join(wrong),
        now=now,
    )
