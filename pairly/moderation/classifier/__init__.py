"""What a text is, as far as a program can tell.

In two steps, because a message is looked at before its transaction and judged inside it, where
it is known to whom it goes: ``assess`` finds signals in the text, ``Assessment.decide`` weighs
them by the rules in force. What looks is chosen by settings (``MODERATION_CLASSIFIER``): the
heuristics, or an external service beside them.
"""

from functools import cache
from typing import Protocol

import msgspec
from django.conf import settings
from django.utils.module_loading import import_string

from pairly.moderation.classifier.rules import current_rules, judge
from pairly.moderation.classifier.verdicts import ALLOWED, Action, Signals, Verdict

__all__ = ["ALLOWED", "Action", "Assessment", "Classifier", "Verdict", "assess", "may_wait"]


class Classifier(Protocol):
    """``waits`` tells that ``examine`` asks somebody else. It never raises: what cannot be
    examined has the signal ``unexamined``."""

    waits: bool

    def examine(self, text: str) -> Signals: ...


class Assessment(msgspec.Struct, frozen=True):
    """What was found in a text, before it is known to whom it goes."""

    signals: Signals = ()

    def decide(self, *, answered: bool) -> Verdict:
        """``answered``: the other has written in this conversation before. Where nothing was
        found this asks for no rules; else for those of a moment ago."""
        if not self.signals:
            return ALLOWED
        return judge(self.signals, current_rules(), answered=answered)


NOTHING_FOUND = Assessment()


@cache
def _classifier(path: str) -> Classifier:
    made: Classifier = import_string(path)()
    return made


def assess(text: str) -> Assessment:
    """Look at a text; never raises."""
    signals = _classifier(settings.MODERATION_CLASSIFIER).examine(text) if text else ()
    return Assessment(signals) if signals else NOTHING_FOUND


def may_wait() -> bool:
    """Whether ``assess`` asks somebody else, so that it must not run on an event loop."""
    return _classifier(settings.MODERATION_CLASSIFIER).waits
