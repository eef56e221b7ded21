"""Evaluating the rules: raise what is wrong, clear what is over."""

import logging
from datetime import datetime

from pairly.alerts.selectors import open_of_kind
from pairly.alerts.services import clear_alert, raise_alert
from pairly.monitoring.rules import RULES, Rule

__all__ = ["RulesFailed", "check_rules"]

logger = logging.getLogger(__name__)

CLEARED_AT_ONCE_MAX = 200


class RulesFailed(Exception):
    """Some rules could not be evaluated; the others were."""


def check_rules(now: datetime) -> int:
    """Evaluate every rule; how many alerts they raise or keep open. Safe to run twice at once.

    Raises ``RulesFailed`` after the last rule, when one of them could not be measured.
    """
    wrong, failed = 0, []
    for rule in RULES:
        try:
            wrong += _check(rule, now)
        except Exception:
            logger.exception("the rule %s could not be evaluated", rule.kind)
            failed.append(rule.kind)
    if failed:
        raise RulesFailed(f"could not be evaluated: {', '.join(failed)}")
    return wrong


def _check(rule: Rule, now: datetime) -> int:
    readings = list(rule.measure(now - rule.window, now))
    wrong = [reading for reading in readings if reading.value > rule.threshold]
    for reading in wrong:
        raise_alert(
            kind=rule.kind,
            key=reading.key,
            severity=rule.severity,
            title=rule.title.format(key=reading.key, value=reading.value),
            details=reading.details,
            now=now,
        )
    keys = {reading.key for reading in wrong}
    for alert in open_of_kind(rule.kind).order_by("key")[:CLEARED_AT_ONCE_MAX]:
        if alert.key not in keys:
            clear_alert(kind=rule.kind, key=alert.key, now=now)
    return len(wrong)
