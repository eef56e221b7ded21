"""Passwords: changed with the old one, or reset with a mailed token."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from pairly.accounts import selectors
from pairly.accounts.events import MailRequested, PasswordChanged
from pairly.accounts.models import MailedSecret, User
from pairly.accounts.services.devices import end_devices
from pairly.accounts.services.sign_ins import clear_failures, confirm_password, wrong_password
from pairly.accounts.tokens import keyed_hash, new_token
from pairly.core import clock
from pairly.core.db import change_one, run_atomic
from pairly.core.errors import FieldError, ValidationFailed
from pairly.core.table import Table
from pairly.outbox.services import emit

__all__ = [
    "change_password",
    "check_password_strength",
    "make_reset_token",
    "request_password_reset",
    "reset_password",
]

PURPOSE = MailedSecret.Purpose.RESET_PASSWORD
SECRETS = Table(MailedSecret, "id")


def check_password_strength(password: str, user: User, *, field: str) -> None:
    """Raises ``ValidationFailed`` with one error per rule of ``AUTH_PASSWORD_VALIDATORS``."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationFailed(
            "The password is too weak.",
            errors=[
                FieldError(field, one.code or "invalid", " ".join(one.messages))
                for one in error.error_list
            ],
        ) from error


def change_password(
    *, user: User, device_id: UUID, current_password: str, new_password: str, address: str
) -> None:
    """Set a new password and sign the other devices out.

    Raises ``ValidationFailed`` if the current one is wrong (also by now: of two changes at once
    one is first) or the new one weak.
    """
    confirm_password(
        user=user, password=current_password, field="current_password", address=address
    )
    check_password_strength(new_password, user, field="new_password")
    password_hash = make_password(new_password)

    def change() -> None:
        as_checked = User.objects.filter(pk=user.pk, password=user.password, deleted_at=None)
        if not change_one(as_checked, password=password_hash):
            raise wrong_password("current_password")
        end_devices(user_id=user.pk, except_device_id=device_id)
        emit(PasswordChanged(user_id=user.pk, at=clock.now()))

    run_atomic(change)


def request_password_reset(*, email: str) -> None:
    """Have a token mailed, if somebody has the address. Nothing tells whether: the same rows
    are written either way, and the mail is made later."""
    now = clock.now()
    user = selectors.user_by_email(email)
    user_id = user.pk if user is not None else None
    run_atomic(lambda: emit(MailRequested(user_id=user_id, kind=PURPOSE.value, at=now)))


def make_reset_token(user_id: UUID) -> str:
    """A token for ``reset_password``; earlier ones of this person are void."""
    now = clock.now()
    token = new_token()
    lifetime = timedelta(minutes=settings.PASSWORD_RESET_LIFETIME_MINUTES)

    def replace() -> None:
        MailedSecret.objects.filter(user_id=user_id, purpose=PURPOSE).delete()
        MailedSecret.objects.create(
            user_id=user_id,
            purpose=PURPOSE,
            secret_hash=keyed_hash("reset", token),
            expires_at=now + lifetime,
            created_at=now,
        )

    run_atomic(replace)
    return token


def reset_password(*, token: str, new_password: str) -> None:
    """Set a new password by a mailed token, once, and sign out everywhere.

    Raises ``ValidationFailed`` if the token is not good (any more) or the password weak, which
    leaves the token good. The token came by mail, so it verifies the address as well.
    """
    now = clock.now()
    secret_hash = keyed_hash("reset", token)
    live = MailedSecret.objects.filter(secret_hash=secret_hash, purpose=PURPOSE, expires_at__gt=now)
    secret = live.select_related("user").first()
    if secret is None:
        raise _wrong_token()
    user = secret.user
    check_password_strength(new_password, user, field="new_password")
    password_hash = make_password(new_password)

    def reset() -> bool:
        if SECRETS.delete("secret_hash", [secret_hash]) != 1:
            return False
        User.objects.filter(pk=user.pk).update(password=password_hash)
        User.objects.filter(pk=user.pk, email_verified_at=None).update(email_verified_at=now)
        clear_failures(user, now)
        end_devices(user_id=user.pk)
        emit(PasswordChanged(user_id=user.pk, at=now))
        return True

    if not run_atomic(reset):
        raise _wrong_token()


def _wrong_token() -> ValidationFailed:
    return ValidationFailed.of("token", "invalid", "The token is used, expired or unknown.")
