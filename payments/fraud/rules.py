"""Rules are data: a signal, the number it must exceed, a window, and points. Scoring is pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from payments.fraud.models import Band
from payments.fraud.signals import DAY_MINUTES, SIGNALS, Context

__all__ = [
    "RULES_MAX",
    "Bands",
    "BadRules",
    "Hit",
    "Rule",
    "Rules",
    "Score",
    "evaluate",
    "read_rules",
]

RULES_MAX = 50
POINTS_MAX = 100
MINUTE_MS = 60_000


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Matches when the signal's number is above ``more_than``.

    ``window_minutes`` is 0 for a signal that takes none. A ``shadow`` rule is evaluated and
    noted, and gives no points.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    signal: str
    more_than: Annotated[int, Meta(ge=0)]
    window_minutes: Annotated[int, Meta(ge=0)] = 0
    points: Annotated[int, Meta(ge=-POINTS_MAX, le=POINTS_MAX)]
    shadow: bool = False

    @property
    def sentence(self) -> str:
        """When it matches, in words."""
        signal = SIGNALS[self.signal]
        return signal.sentence.format(
            number=signal.show(self.more_than), window=_duration(self.window_minutes)
        )


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that matched, with the number it found. ``counted`` if its points are in the score:
    neither a shadow rule's are, nor those of a weaker rule on the same signal."""

    rule: str
    number: int
    points: int
    shadow: bool
    counted: bool


@dataclass(frozen=True, slots=True)
class Bands:
    """From so many points on an attempt is reviewed, and from so many it is blocked."""

    review_points: int
    block_points: int

    def band_of(self, points: int) -> Band:
        if points >= self.block_points:
            return Band.BLOCK
        return Band.REVIEW if points >= self.review_points else Band.ALLOW


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of the rules. ``number`` is its rule set's, 0 for one that is only proposed."""

    number: int
    rules: Sequence[Rule]
    bands: Bands


@dataclass(frozen=True, slots=True)
class Score:
    points: int
    hits: list[Hit]
    band: Band


class BadRules(ValueError):
    """These rules cannot be used; the sentence says which and why."""


def evaluate(rules: Rules, context: Context) -> Score:
    """The points of an attempt. Pure: the same rules and context always give the same.

    Of the rules on one signal only the strongest counts: five attempts in an hour are not also
    three.
    """
    numbers = [(rule, _number(rule, context)) for rule in rules.rules]
    matched = [(rule, number) for rule, number in numbers if number > rule.more_than]
    strongest: dict[str, Rule] = {}
    for rule, _number_found in matched:
        best = strongest.get(rule.signal)
        if not rule.shadow and (best is None or abs(rule.points) > abs(best.points)):
            strongest[rule.signal] = rule
    hits = [
        Hit(
            rule=rule.name,
            number=number,
            points=rule.points,
            shadow=rule.shadow,
            counted=strongest.get(rule.signal) is rule,
        )
        for rule, number in matched
    ]
    points = sum(hit.points for hit in hits if hit.counted)
    return Score(points, hits, rules.bands.band_of(points))


def _number(rule: Rule, context: Context) -> int:
    return SIGNALS[rule.signal].value(context, rule.window_minutes * MINUTE_MS)


def read_rules(rows: Any) -> list[Rule]:
    """Rules out of JSON values, checked. Raises ``BadRules``."""
    try:
        rules = msgspec.convert(rows, list[Rule])
    except msgspec.ValidationError as error:
        raise BadRules(str(error)) from error
    if not 1 <= len(rules) <= RULES_MAX:
        raise BadRules(f"There must be 1 to {RULES_MAX} rules.")
    for rule in rules:
        if fault := _fault(rule):
            raise BadRules(f"{rule.name}: {fault}")
    if twice := _twice(rule.name for rule in rules):
        raise BadRules(f"{twice}: two rules have this name.")
    return rules


def _fault(rule: Rule) -> str:
    signal = SIGNALS.get(rule.signal)
    if signal is None:
        return f"there is no signal {rule.signal!r}; signals are {', '.join(SIGNALS)}."
    if rule.more_than >= signal.value_max:
        return f"it could never match; the number must be below {signal.value_max:,}."
    if signal.window_minutes_max == 0 and rule.window_minutes:
        return "this signal takes no window."
    if signal.window_minutes_max and not 1 <= rule.window_minutes <= signal.window_minutes_max:
        return f"the window must be 1 to {signal.window_minutes_max:,} minutes."
    return "" if rule.points else "a rule without points does nothing; make it a shadow rule."


def _twice(names: Iterable[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""


def _duration(minutes: int) -> str:
    """``7 days`` of 10080."""
    for size, unit in ((DAY_MINUTES, "day"), (60, "hour"), (1, "minute")):
        if minutes % size == 0:
            count = minutes // size
            return f"{count:,} {unit}" if count == 1 else f"{count:,} {unit}s"
    raise AssertionError("unreachable: minutes are whole")
