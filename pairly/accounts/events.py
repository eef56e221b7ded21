"""What accounts announce to the other apps."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

__all__ = [
    "MailRequested",
    "UserBlocked",
    "UserDeleted",
    "UserRegistered",
    "UserRestored",
    "UserSuspended",
    "UserUnblocked",
]


@dataclass(frozen=True, slots=True)
class UserRegistered:
    """``bonus`` is False for people made by a command, who get exact credits instead."""

    user_id: UUID
    bonus: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class UserBlocked:
    blocker_id: UUID
    blocked_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class UserUnblocked:
    blocker_id: UUID
    blocked_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class UserSuspended:
    user_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class UserRestored:
    user_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class UserDeleted:
    user_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class MailRequested:
    """A mail is to be written and sent. Secrets are made only then, so that none is stored on
    the way. Without a user nothing is sent: the asker must not notice the difference."""

    user_id: UUID | None
    kind: str
    at: datetime
