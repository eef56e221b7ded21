"""Scoring attempts to buy, each once, before there is an intent."""

import logging
from datetime import datetime
from typing import Any

import msgspec
from django.db import IntegrityError

from pairly.alerts.models import Severity
from pairly.alerts.services import raise_alert
from pairly.core.db import run_atomic
from pairly.core.errors import TryAgain
from payments.errors import PaymentRefused
from payments.fraud.context import Attempt, gather
from payments.fraud.models import Band, FraudCheck
from payments.fraud.rule_sets import present_rules
from payments.fraud.rules import evaluate

__all__ = ["screen"]

logger = logging.getLogger(__name__)

TRIES_MAX = 20
ERROR_CHARACTERS_MAX = 200


def screen(attempt: Attempt, now: datetime) -> None:
    """Score an attempt and store the score, or go by the score that it has already.

    Raises ``PaymentRefused``, which tells no reason, and ``TryAgain`` when too many attempts of
    the same person came in between. Call it outside of transactions: the score of a refused
    attempt stays.
    """
    check = FraudCheck.objects.filter(pk=attempt.id).first() or _scored_and_stored(attempt, now)
    if check.band == Band.BLOCK:
        raise PaymentRefused


def _scored_and_stored(attempt: Attempt, now: datetime) -> FraudCheck:
    """Who finds the number taken saw one attempt too few, and is scored again."""
    for _try in range(TRIES_MAX):
        # The number is read before the attempts are: what comes in between takes it.
        values = {"number": _last_number(attempt) + 1, **_scored(attempt, now)}
        try:
            return _store(attempt, values, now)
        except IntegrityError:
            first: FraudCheck | None = FraudCheck.objects.filter(pk=attempt.id).first()
            if first is not None:  # A slower worker of the same operation was here first.
                return first
    raise TryAgain(retry_after_seconds=1)


def _scored(attempt: Attempt, now: datetime) -> dict[str, Any]:
    """What the score fills in of a check. A failure of the scorer means review."""
    try:
        rules, context = present_rules(), gather(attempt, now)
        score = evaluate(rules, context)
    except Exception as error:
        logger.exception("the fraud score of %s failed; it goes to review", attempt.id)
        sentence = f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS_MAX]
        raise_alert(
            kind="fraud_scorer",
            key="failure",
            severity=Severity.CRITICAL,
            title="The fraud scorer fails; what is bought meanwhile waits for review",
            details=sentence,
            now=now,
        )
        return {"band": Band.REVIEW, "hits": [], "inputs": {}, "error": sentence}
    return {
        "rule_set_id": rules.number,
        "points": score.points,
        "band": score.band,
        "hits": msgspec.to_builtins(score.hits),
        "inputs": msgspec.to_builtins(context),
    }


def _store(attempt: Attempt, values: dict[str, Any], now: datetime) -> FraudCheck:
    def insert() -> FraudCheck:
        check = FraudCheck(
            id=attempt.id,
            user_id=attempt.user.pk,
            package=attempt.package,
            provider=attempt.provider,
            amount_minor=attempt.amount_minor,
            currency=attempt.currency,
            created_at=now,
            **values,
        )
        check.save()
        return check

    return run_atomic(insert)


def _last_number(attempt: Attempt) -> int:
    newest = FraudCheck.objects.filter(user_id=attempt.user.pk).order_by("-number")
    return newest.values_list("number", flat=True).first() or 0
