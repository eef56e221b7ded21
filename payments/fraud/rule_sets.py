"""The rules in force and their versions. To change anything is to write a new version whole."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import IntegrityError

from pairly.audit.services import record
from pairly.core.db import run_atomic
from pairly.core.errors import Conflict, ValidationFailed
from payments.fraud.models import RuleSet
from payments.fraud.rules import BadRules, Bands, Rules, read_rules

__all__ = ["change_rules", "newest_rule_set", "present_bands", "present_rules"]


def newest_rule_set() -> RuleSet:
    """The version that counts. Raises ``RuleSet.DoesNotExist``; a migration writes the first."""
    newest: RuleSet | None = RuleSet.objects.order_by("-number").first()
    if newest is None:
        raise RuleSet.DoesNotExist("there are no fraud rules")
    return newest


def present_rules() -> Rules:
    newest = newest_rule_set()
    return Rules(newest.number, read_rules(newest.rules), present_bands())


def present_bands() -> Bands:
    return Bands(settings.FRAUD_REVIEW_POINTS, settings.FRAUD_BLOCK_POINTS)


def change_rules(
    *,
    actor_id: UUID | None,
    base_number: int,
    rules: Any,
    reason: str,
    now: datetime,
    request_id: str = "",
) -> RuleSet:
    """Put these rules in force: JSON objects of ``Rule``, made from the version ``base_number``.

    The number of the new version is the row that guards it: of two people who change the same
    version one is refused. Raises ``ValidationFailed``, ``Conflict``.
    """
    try:
        rows = msgspec.to_builtins(read_rules(rules))
    except BadRules as error:
        raise ValidationFailed.of("rules", "invalid", str(error)) from error
    if not reason.strip():
        raise ValidationFailed.of("reason", "required", "Say why.")

    def change() -> RuleSet:
        base = newest_rule_set()
        if base.number != base_number:
            raise Conflict("Somebody else has changed the rules meanwhile; look again.")
        if base.rules == rows:
            raise ValidationFailed.of("rules", "unchanged", "These are the rules in force.")
        fresh = RuleSet(
            number=base_number + 1, rules=rows, actor_id=actor_id, reason=reason, created_at=now
        )
        fresh.save()
        before, after = _differing(base.rules, rows)
        record(
            actor_id=actor_id,
            action="fraud_rules.changed",
            target_type="fraud_rules",
            target_id=str(fresh.number),
            reason=reason,
            before=before,
            after=after,
            request_id=request_id,
        )
        return fresh

    try:
        return run_atomic(change)
    except IntegrityError as error:
        raise Conflict("Somebody else has changed the rules meanwhile; look again.") from error


def _differing(before: list[object], after: list[object]) -> tuple[list[object], list[object]]:
    """Only the rules that one version has and the other has not."""
    return [one for one in before if one not in after], [one for one in after if one not in before]
