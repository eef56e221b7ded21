"""Staff tune the classifier: a new version of its weights and bands."""

from collections.abc import Mapping
from uuid import UUID

from django.db import IntegrityError

from pairly.audit.services import record
from pairly.core import clock
from pairly.core.db import StaleRead, on_commit, run_atomic
from pairly.core.errors import ValidationFailed
from pairly.moderation.classifier import rules
from pairly.moderation.classifier.signals import SIGNALS
from pairly.moderation.models import RuleSet

__all__ = ["change_rules"]

POINTS_MAX = 1000


def change_rules(
    *,
    actor_id: UUID | None,
    flag_score: int,
    block_score: int,
    points: Mapping[str, tuple[int, int]],
    reason: str,
    request_id: str = "",
) -> RuleSet:
    """Write the next version; signals that are not named keep what they weigh now.

    Other processes go by it some seconds later. Raises ``ValidationFailed``.
    """
    _check(flag_score, block_score, points, reason)

    def change() -> RuleSet:
        newest = RuleSet.objects.order_by("-version").first()
        before = rules.rules_of(newest) if newest else rules.DEFAULT
        merged = {name: list(pair) for name, pair in {**before.points, **points}.items()}
        row = RuleSet(
            version=before.version + 1,
            flag_score=flag_score,
            block_score=block_score,
            points=merged,
            created_by=actor_id,
            created_at=clock.now(),
        )
        try:
            row.save()
        except IntegrityError as error:
            raise StaleRead("somebody else wrote this version") from error
        record(
            actor_id=actor_id,
            action="moderation_rules.changed",
            target_type="moderation_rules",
            target_id=str(row.version),
            reason=reason,
            before=_told(before),
            after=_told(rules.rules_of(row)),
            request_id=request_id,
        )
        on_commit(rules.forget)
        return row

    return run_atomic(change)


def _check(
    flag_score: int, block_score: int, points: Mapping[str, tuple[int, int]], reason: str
) -> None:
    if not reason.strip():
        raise ValidationFailed.of("reason", "required", "Say why.")
    if not 0 < flag_score < block_score <= POINTS_MAX:
        detail = f"Flagging begins above 0 and below blocking, which is {POINTS_MAX} at most."
        raise ValidationFailed.of("flag_score", "invalid", detail)
    for name, pair in points.items():
        if name not in SIGNALS:
            raise ValidationFailed.of("points", "invalid_choice", f"There is no signal {name}.")
        if not all(0 <= one <= POINTS_MAX for one in pair):
            detail = f"Points of {name} are 0 to {POINTS_MAX}."
            raise ValidationFailed.of("points", "invalid", detail)


def _told(one: rules.Rules) -> dict[str, object]:
    return {
        "flag_score": one.flag_score,
        "block_score": one.block_score,
        "points": {name: list(pair) for name, pair in one.points.items()},
    }
