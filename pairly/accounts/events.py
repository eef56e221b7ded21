"""What accounts announce to the other apps."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

__all__ = [
    "MailRequested",
    "PasswordChanged",
    "PhotoChanged",
    "PrivacyChanged",
    "ProfileChanged",
    "ReportMade",
    "SignedIn",
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
class SignedIn:
    """Somebody signed in with the password, on a new device; not told of a registration."""

    user_id: UUID
    device_id: UUID
    device_name: str
    address: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    """By the person, or by who had a token that was mailed to them."""

    user_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class ProfileChanged:
    """The words that others read of a person are other ones."""

    user_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class PrivacyChanged:
    """Others may know something else of whether a person is here."""

    user_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class PhotoChanged:
    user_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class ReportMade:
    """Told inside the report's transaction. ``target_type`` and ``reason`` are those of
    ``Report``."""

    report_id: UUID
    reporter_id: UUID
    target_type: str
    target_id: UUID
    reason: str
    due_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class MailRequested:
    """A mail is to be written and sent. Secrets are made only then, so that none is stored on
    the way. Without a user nothing is sent: the asker must not notice the difference."""

    user_id: UUID | None
    kind: str
    at: datetime
