"""What a case can be about. The apps that own it say whose it is, show it, and do what staff
decide; moderation knows none of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pairly.moderation.errors import NotPossible

__all__ = [
    "Decision",
    "Line",
    "Picture",
    "Shown",
    "Subject",
    "register",
    "subject_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Something to look at or listen to: ``page`` is the view of the staff site that gives it by
    its id, named without ``admin:``."""

    id: UUID
    kind: str
    title: str
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One part of the context: who said what when. ``note`` tells what became of it."""

    at: datetime
    user_id: UUID
    text: str
    note: str = ""
    is_target: bool = False
    pictures: Sequence[Picture] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What staff who may read private content see of the thing, as it is now."""

    facts: Sequence[tuple[str, str]] = ()
    lines: Sequence[Line] = ()
    pictures: Sequence[Picture] = ()
    is_hidden: bool = False


class Subject:
    """Of one target type. ``can`` names which of ``hide``, ``restore`` and ``refund`` there are;
    they run inside the transaction of the decision."""

    can: ClassVar[frozenset[str]] = frozenset()

    def author_of(self, target_id: UUID, reporter_id: UUID) -> UUID | None:
        """Whose it is, as this reporter means it: of a call the other one. None for what does not
        exist."""
        raise NotImplementedError

    def text_of(self, target_id: UUID) -> str:
        """Its words, to be kept with the case."""
        raise NotImplementedError

    def show(self, target_id: UUID) -> Shown:
        """In its context."""
        raise NotImplementedError

    def hide(self, *, target_id: UUID, decision: "Decision") -> None:
        """Take it out of everybody's sight; once more does nothing."""
        raise NotPossible

    def restore(self, *, target_id: UUID, decision: "Decision") -> None:
        """Put it back; where it is not hidden this does nothing."""
        raise NotPossible

    def refund(self, *, target_id: UUID, decision: "Decision") -> int:
        """Give back what it cost, once for ever; the credits."""
        raise NotPossible


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who decides, why and when, as services take it."""

    actor_id: UUID
    reason: str
    request_id: str
    now: datetime


_subjects: dict[str, Subject] = {}


def register(target_type: str, subject: Subject) -> None:
    """Call in ``ready()``."""
    _subjects[target_type] = subject


def subject_of(target_type: str) -> Subject:
    """Raises ``KeyError`` for what no app has registered."""
    return _subjects[target_type]
