"""The life of a call, in one table. Whatever it does not allow is refused.

ringing -> accepted -> active -> ended, or from any of the first three straight to the end.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from django.db import models

from pairly.core.errors import Conflict

__all__ = ["ENDINGS", "LIVE", "Command", "Reason", "Status", "check", "check_ending"]


class Status(models.TextChoices):
    """``accepted``: the callee has answered, and media are not there yet. ``active``: both have
    reported media, and the clock of billing runs."""

    RINGING = "ringing", "Ringing"
    ACCEPTED = "accepted", "Accepted"
    ACTIVE = "active", "Active"
    ENDED = "ended", "Ended"


class Reason(models.TextChoices):
    """``missed``: it rang in vain. ``failed``: no media in time after it was accepted.
    ``dropped``: one side fell silent. ``no_credit``: the next minute could not be paid.
    ``moderation``: staff ended it, or one of the two was suspended."""

    COMPLETED = "completed", "Completed"
    DECLINED = "declined", "Declined"
    CANCELLED = "cancelled", "Cancelled"
    MISSED = "missed", "Missed"
    FAILED = "failed", "Failed"
    DROPPED = "dropped", "Dropped"
    NO_CREDIT = "no_credit", "No credit"
    BLOCKED = "blocked", "Blocked"
    MODERATION = "moderation", "Moderation"


class Command(StrEnum):
    """What the two may ask for. Ending commands are reasons too."""

    ACCEPT = "accept"
    DECLINE = "decline"
    CANCEL = "cancel"
    END = "end"
    JOIN = "join"
    MEDIA = "media"
    HEARTBEAT = "heartbeat"
    SIGNAL = "signal"


LIVE: Final = frozenset({Status.RINGING, Status.ACCEPTED, Status.ACTIVE})
ANSWERED: Final = frozenset({Status.ACCEPTED, Status.ACTIVE})
RINGING: Final = frozenset({Status.RINGING})
NEVER: Final[frozenset[Status]] = frozenset()

COMMANDS: Final[Mapping[Command, tuple[frozenset[Status], frozenset[Status]]]] = {
    # in which states by the caller, and in which by the callee
    Command.ACCEPT: (NEVER, RINGING),
    Command.DECLINE: (NEVER, RINGING),
    Command.CANCEL: (RINGING, NEVER),
    Command.END: (ANSWERED, ANSWERED),
    Command.JOIN: (LIVE, ANSWERED),
    Command.MEDIA: (ANSWERED, ANSWERED),
    Command.HEARTBEAT: (LIVE, ANSWERED),
    Command.SIGNAL: (LIVE, ANSWERED),
}

ENDINGS: Final[Mapping[Reason, frozenset[Status]]] = {
    Reason.COMPLETED: ANSWERED,
    Reason.DECLINED: RINGING,
    Reason.CANCELLED: RINGING,
    Reason.MISSED: RINGING,
    Reason.FAILED: frozenset({Status.ACCEPTED}),
    Reason.DROPPED: frozenset({Status.ACTIVE}),
    Reason.NO_CREDIT: frozenset({Status.ACTIVE}),
    Reason.BLOCKED: LIVE,
    Reason.MODERATION: LIVE,
}
"""From which states a call may end for that reason."""


def check(command: Command, status: str, *, is_caller: bool) -> None:
    """Raises ``Conflict`` unless that side may ask for this in that state."""
    by_caller, by_callee = COMMANDS[command]
    if Status(status) not in (by_caller if is_caller else by_callee):
        side = "caller" if is_caller else "callee"
        raise Conflict(f"The {side} cannot {command.value} a call that is {status}.")


def check_ending(reason: Reason, status: str) -> None:
    """Raises ``Conflict`` unless a call in that state may end so."""
    if Status(status) not in ENDINGS[reason]:
        raise Conflict(f"A call that is {status} does not end as {reason.value}.")
