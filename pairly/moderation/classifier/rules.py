"""How finds become a verdict: weights and bands, which staff set and every process keeps.

What was read is used for ``READ_AGAIN``, so new weights count everywhere that much later.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pairly.core import clock
from pairly.moderation.classifier.signals import (
    BLOCK_SCORE,
    FLAG_SCORE,
    SIGNALS,
    TOGETHER,
)
from pairly.moderation.classifier.verdicts import ALLOWED, Action, Signals, Verdict
from pairly.moderation.models import RuleSet

__all__ = ["DEFAULT", "Rules", "current_rules", "forget", "judge"]

READ_AGAIN: Final = timedelta(seconds=15)
SCORE_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class Rules:
    """``points`` by signal: for each find, and once more in first messages."""

    version: int
    flag_score: int
    block_score: int
    points: Mapping[str, tuple[int, int]]


DEFAULT: Final = Rules(
    version=0,
    flag_score=FLAG_SCORE,
    block_score=BLOCK_SCORE,
    points={name: (one.points, one.first_points) for name, one in SIGNALS.items()},
)

_known: tuple[datetime, Rules] | None = None


def current_rules() -> Rules:
    """The newest, or those of a moment ago."""
    global _known
    now, known = clock.now(), _known
    if known is None or not known[0] <= now < known[0] + READ_AGAIN:
        known = _known = (now, _read())
    return known[1]


def forget() -> None:
    """Read again at the next question."""
    global _known
    _known = None


def _read() -> Rules:
    row = RuleSet.objects.order_by("-version").first()
    return DEFAULT if row is None else rules_of(row)


def rules_of(row: RuleSet) -> Rules:
    """A stored set; what it does not name counts as in the code."""
    stored = {name: (each, first) for name, (each, first) in row.points.items() if name in SIGNALS}
    return Rules(row.version, row.flag_score, row.block_score, {**DEFAULT.points, **stored})


def judge(signals: Signals, rules: Rules, *, answered: bool) -> Verdict:
    """The verdict on what was found. ``answered``: the other has written in this conversation
    before. A pure function."""
    weights = {
        name: rules.points[name][0] * min(count, SIGNALS[name].counted_max)
        for name, count in signals
    }
    found = weights.keys()
    score = sum(weights.values())
    if not answered:
        score += max(rules.points[name][1] for name in found)
    score += sum(points for one, other, points in TOGETHER if found & one and found & other)
    if score < rules.flag_score:
        return ALLOWED
    action = Action.FLAG if score < rules.block_score else Action.BLOCK
    reason = _reason(weights)
    return Verdict(action, min(score, SCORE_MAX), reason, signals, rules.version)


def _reason(weights: Mapping[str, int]) -> str:
    """That of the heaviest find; danger to a child comes before everything."""
    heaviest = max(weights, key=lambda name: (SIGNALS[name].reason == "minor", weights[name]))
    return SIGNALS[heaviest].reason
