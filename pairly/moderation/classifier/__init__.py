"""What a text is, as far as a program can tell."""

from enum import StrEnum

import msgspec

__all__ = ["Action", "Assessment", "Verdict", "assess", "may_wait"]


class Action(StrEnum):
    """``FLAG``: delivered, and queued for staff. ``BLOCK``: neither delivered nor charged."""

    ALLOW = "allow"
    FLAG = "flag"
    BLOCK = "block"


class Verdict(msgspec.Struct, frozen=True):
    action: Action
    score: int = 0
    reason: str = ""
    signals: tuple[str, ...] = ()


ALLOWED = Verdict(Action.ALLOW)


class Assessment(msgspec.Struct, frozen=True):
    """What was found in a text, before it is known to whom it goes."""

    def decide(self, *, answered: bool) -> Verdict:
        """``answered``: the other has written in this conversation before."""
        return ALLOWED


NOTHING_FOUND = Assessment()


def assess(text: str) -> Assessment:
    return NOTHING_FOUND


def may_wait() -> bool:
    """Whether ``assess`` asks somebody else, so that it must not run on an event loop."""
    return False
