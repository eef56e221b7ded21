"""Signing in, and the lock on those who guess."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import make_password

from pairly.accounts import events, selectors
from pairly.accounts.errors import AccountSuspended, WrongCredentials
from pairly.accounts.models import Device, SignInAttempt, User
from pairly.accounts.services.devices import Origin, open_device
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.errors import RateLimited, ValidationFailed
from pairly.outbox.services import emit

__all__ = [
    "SignedIn",
    "clear_failures",
    "confirm_password",
    "refuse_suspended",
    "sign_in",
    "wrong_password",
]

Outcome = SignInAttempt.Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A person on a device. The token is not to be had again."""

    user: User
    device: Device
    token: str


def sign_in(*, email: str, password: str, origin: Origin, staff_only: bool = False) -> SignedIn:
    """Sign in by e-mail and password; with ``staff_only`` nobody else is known.

    Raises ``WrongCredentials`` (the same, after the same work, for an unknown address),
    ``RateLimited`` after too many failures, ``AccountSuspended``.
    """
    now = clock.now()
    user = selectors.user_by_email(email)
    if not _is_password_right(email, user, password, origin.address, now, staff_only=staff_only):
        raise WrongCredentials
    assert user is not None
    refuse_suspended(user, now)
    return run_atomic(lambda: _sign_in(user, origin, now))


def _sign_in(user: User, origin: Origin, now: datetime) -> SignedIn:
    _record(user.email, user.pk, Outcome.SUCCEEDED, origin.address, now)
    device, token = open_device(user=user, origin=origin, now=now)
    emit(
        events.SignedIn(
            user_id=user.pk,
            device_id=device.pk,
            device_name=device.name,
            address=device.address,
            at=now,
        )
    )
    return SignedIn(user=user, device=device, token=token)


def confirm_password(*, user: User, password: str, field: str, address: str) -> None:
    """Have a signed-in person prove again who it is.

    Raises ``ValidationFailed`` for the field; failures count towards the lock.
    """
    if not _is_password_right(user.email, user, password, address, clock.now()):
        raise wrong_password(field)


def wrong_password(field: str) -> ValidationFailed:
    return ValidationFailed.of(field, "wrong_password", "This is not your password.")


def refuse_suspended(user: User, now: datetime) -> None:
    """Raises ``AccountSuspended`` with the end of the suspension, if it has one."""
    if user.is_suspended_at(now):
        until = user.suspended_until
        end = f" until {clock.to_rfc3339(until)}" if until else ""
        raise AccountSuspended(f"This account is suspended{end}.")


def clear_failures(user: User, now: datetime) -> None:
    """Let failures so far count no longer, since the person proved in another way who it is."""
    _record(user.email, user.pk, Outcome.CLEARED, "", now)


def _is_password_right(
    email: str,
    user: User | None,
    password: str,
    address: str,
    now: datetime,
    *,
    staff_only: bool = False,
) -> bool:
    _refuse_locked(email, now)
    if user is None or (staff_only and not user.is_staff):
        make_password(password)  # The hasher's time must not tell that nobody has the address.
    elif user.check_password(password):
        _refuse_locked(email, now)  # by now, since many may guess at the same moment
        return True
    _record(email, user.pk if user else None, Outcome.FAILED, address, now)
    return False


def _refuse_locked(email: str, now: datetime) -> None:
    until = selectors.sign_in_locked_until(email, now)
    if until is not None:
        raise RateLimited(
            "Too many failed sign-ins. Try again later or reset the password.",
            retry_after_seconds=int((until - now).total_seconds()) + 1,
        )


def _record(
    email: str, user_id: UUID | None, outcome: Outcome, address: str, now: datetime
) -> None:
    attempt = SignInAttempt(
        email_hash=selectors.email_hash(email),
        user_id=user_id,
        outcome=outcome,
        address=address,
        created_at=now,
    )
    run_atomic(lambda: attempt.save(force_insert=True))
