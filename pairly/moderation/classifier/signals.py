"""What is looked for, and how much each find weighs where staff have set nothing else.

The words and phrases of each are in ``words``. A text's score is the sum of its finds. In the
first messages, before the other has ever answered, the worst of what strangers are not to be sent
counts once more.
"""

from dataclasses import dataclass
from typing import Final

__all__ = [
    "BLOCK_SCORE",
    "FLAG_SCORE",
    "SIGNALS",
    "TOGETHER",
    "UNEXAMINED",
    "Signal",
]

FLAG_SCORE: Final = 40
BLOCK_SCORE: Final = 85

UNEXAMINED: Final = "unexamined"


@dataclass(frozen=True, slots=True)
class Signal:
    """``points`` for each find up to ``counted_max``; in first messages the highest
    ``first_points`` of all finds come on top.
    ``reason`` is one of ``Report.Reason``."""

    title: str
    reason: str
    points: int
    first_points: int = 0
    counted_max: int = 1


SIGNALS: Final[dict[str, Signal]] = {
    "child_abuse": Signal("Abuse of children", "minor", 100),
    "minor_self": Signal("Says to be under 18", "minor", 50),
    "minor_mention": Signal("Speaks of somebody under 18", "minor", 20),
    "rape_threat": Signal("Threatens with rape", "violence", 90),
    "threat": Signal("Threatens", "violence", 60),
    "self_harm": Signal("Tells somebody to harm themselves", "harassment", 60),
    "hate": Signal("Slurs", "hate", 45, counted_max=2),
    "insult": Signal("Insults", "harassment", 20, 25, counted_max=3),
    "nudes": Signal("Asks for or offers nude pictures", "nudity", 30, 35),
    "solicitation": Signal("Offers or asks for paid sex", "sexual_content", 45),
    "sexual": Signal("Sexual words", "sexual_content", 15, 25, counted_max=4),
    "money": Signal("Asks for money or offers investments", "spam", 35, 20),
    "invite_link": Signal("Link to another messenger or a shortened link", "spam", 25, 40),
    "link": Signal("Link", "spam", 10, 35),
    "email": Signal("E-mail address", "spam", 15, 30),
    "phone": Signal("Telephone number", "spam", 15, 30),
    "handle": Signal("Account on another service", "spam", 10, 35),
    UNEXAMINED: Signal("The external classifier did not answer", "other", 40),
}

TOGETHER: Final[tuple[tuple[frozenset[str], frozenset[str], int], ...]] = (
    # Anything sexual where somebody is, or may be, a child is blocked.
    (
        frozenset({"minor_self", "minor_mention"}),
        frozenset({"sexual", "nudes", "solicitation"}),
        60,
    ),
)
"""Points more when something of the one set and something of the other is found together."""
