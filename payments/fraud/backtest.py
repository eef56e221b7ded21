"""Trying rules on what was tried to buy before: the stored inputs are scored again."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from pairly.core.ids import first_id_at
from payments.disputes.models import Dispute
from payments.fraud.models import Band, FraudCheck
from payments.fraud.rules import Rules, evaluate
from payments.fraud.signals import Context

__all__ = ["Replay", "replay"]

ROWS_AT_ONCE = 500

Row = tuple[UUID, str, Any]
Bands = tuple[Band, Band]


@dataclass(slots=True)
class Replay:
    """What came of it. ``bands`` counts attempts by the band they got and the one they would get,
    ``disputed`` those of them that were disputed later. ``rules`` and ``rules_disputed`` count by
    the rule that matches, shadow rules too. Attempts whose scorer had failed have no inputs."""

    attempts: int = 0
    without_inputs: int = 0
    bands: Counter[Bands] = field(default_factory=Counter)
    disputed: Counter[Bands] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    rules_disputed: Counter[str] = field(default_factory=Counter)


def replay(
    rules: Rules, *, since: datetime | None, progress: Callable[[int], None] = lambda _done: None
) -> Replay:
    """Score every attempt made since then by these rules. Reads in pages, by the key."""
    found = Replay()
    for page in _pages(since):
        disputed = _disputed([row[0] for row in page])
        for check_id, band, inputs in page:
            found.attempts += 1
            if inputs:
                _count(found, rules, Band(band), inputs, check_id in disputed)
            else:
                found.without_inputs += 1
        progress(found.attempts)
    return found


def _count(found: Replay, rules: Rules, old: Band, inputs: Any, is_disputed: bool) -> None:
    score = evaluate(rules, msgspec.convert(inputs, Context))
    names = [hit.rule for hit in score.hits]
    found.bands[old, score.band] += 1
    found.rules.update(names)
    if is_disputed:
        found.disputed[old, score.band] += 1
        found.rules_disputed.update(names)


def _pages(since: datetime | None) -> Iterator[Sequence[Row]]:
    rows = FraudCheck.objects.order_by("id").values_list("pk", "band", "inputs")
    if since is not None:
        rows = rows.filter(pk__gte=first_id_at(since))
    page = list(rows[:ROWS_AT_ONCE])
    while page:
        yield page
        page = list(rows.filter(pk__gt=page[-1][0])[:ROWS_AT_ONCE])


def _disputed(intent_ids: list[UUID]) -> set[UUID]:
    return set(Dispute.objects.filter(intent_id__in=intent_ids).values_list("intent_id", flat=True))
