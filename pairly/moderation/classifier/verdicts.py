"""What a classifier says of a text."""

from enum import StrEnum

import msgspec

__all__ = ["ALLOWED", "Action", "Signals", "Verdict"]

Signals = tuple[tuple[str, int], ...]
"""What was found in a text, by name, and how often. Names are those of ``signals.SIGNALS``."""


class Action(StrEnum):
    """``FLAG``: delivered, and queued for staff. ``BLOCK``: neither delivered nor charged."""

    ALLOW = "allow"
    FLAG = "flag"
    BLOCK = "block"


class Verdict(msgspec.Struct, frozen=True):
    """``reason`` is one of ``Report.Reason``, that of the gravest signal; ``rules`` is the version
    of the weights that gave the score."""

    action: Action
    score: int = 0
    reason: str = ""
    signals: Signals = ()
    rules: int = 0


ALLOWED = Verdict(Action.ALLOW)
