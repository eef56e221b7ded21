"""The one error base. REST and sockets turn it into one body, each in one place.

An app's own errors are subclasses of three lines in its ``errors.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

__all__ = [
    "ClientIdConflict",
    "Conflict",
    "FieldError",
    "NotAuthenticated",
    "NotFound",
    "PairlyError",
    "PermissionDenied",
    "RateLimited",
    "StorageUnavailable",
    "TryAgain",
    "Unavailable",
    "ValidationFailed",
]


@dataclass(frozen=True, slots=True)
class FieldError:
    """One refused field: where (dotted path), a stable code, and a sentence for a person."""

    field: str
    code: str
    detail: str


class PairlyError(Exception):
    """An expected refusal, safe to show to the client.

    ``code`` is stable and for programs, ``status`` is the HTTP status, ``title`` is the same for
    every error of the class, ``detail`` says what happened this time.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side."

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        retry_after_seconds: int | None = None,
    ) -> None:
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.retry_after_seconds = retry_after_seconds
        super().__init__(self.detail)


class ValidationFailed(PairlyError):
    code = "validation_error"
    status = 400
    title = "The request is not valid."

    @classmethod
    def of(cls, field: str, code: str, detail: str) -> "ValidationFailed":
        """The common case: exactly one field is wrong."""
        return cls(detail, errors=[FieldError(field, code, detail)])


class NotAuthenticated(PairlyError):
    code = "not_authenticated"
    status = 401
    title = "Sign in first."


class PermissionDenied(PairlyError):
    code = "permission_denied"
    status = 403
    title = "You may not do this."


class NotFound(PairlyError):
    """Absent and forbidden look the same, so that nobody learns what exists."""

    code = "not_found"
    status = 404
    title = "There is no such thing here."


class Conflict(PairlyError):
    code = "conflict"
    status = 409
    title = "The request contradicts the current state."


class ClientIdConflict(Conflict):
    """A client names each wish of its own once; again it means the same wish."""

    code = "client_id_conflict"
    title = "This client_id was used for something else."


class Unavailable(PairlyError):
    """The other person cannot be reached; one answer for blocked, suspended and deleted."""

    code = "unavailable"
    status = 409
    title = "This person cannot be reached."


class TryAgain(PairlyError):
    """Nothing was written, because others kept writing the same; worth another try soon."""

    code = "try_again"
    status = 503
    title = "The server is busy with the same thing; try again in a moment."


class StorageUnavailable(PairlyError):
    """What keeps the files does not answer, or refuses."""

    code = "storage_unavailable"
    status = 503
    title = "Files cannot be had at the moment; try again in a while."


class RateLimited(PairlyError):
    code = "rate_limited"
    status = 429
    title = "Too many requests."
