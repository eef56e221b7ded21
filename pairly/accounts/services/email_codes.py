"""E-mail addresses are verified by a mailed code."""

from datetime import datetime, timedelta
from enum import Enum, auto
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.utils.crypto import constant_time_compare

from pairly.accounts.errors import AlreadyVerified
from pairly.accounts.events import MailRequested
from pairly.accounts.models import MailedSecret, User
from pairly.accounts.tokens import keyed_hash, new_code
from pairly.core import clock
from pairly.core.db import change_one, run_atomic
from pairly.core.errors import ValidationFailed
from pairly.outbox.services import emit

__all__ = ["make_email_code", "request_email_code", "verify_email"]

PURPOSE = MailedSecret.Purpose.VERIFY_EMAIL


class Outcome(Enum):
    RIGHT = auto()
    WRONG = auto()
    VOID = auto()


def request_email_code(*, user: User) -> None:
    """Have a new code mailed. Raises ``AlreadyVerified``."""
    if user.email_verified_at is not None:
        raise AlreadyVerified
    now = clock.now()
    run_atomic(lambda: emit(MailRequested(user_id=user.pk, kind=PURPOSE.value, at=now)))


def make_email_code(user_id: UUID) -> str:
    """A code for ``verify_email``; an earlier one of this person is void."""
    now = clock.now()
    code = new_code()
    lifetime = timedelta(minutes=settings.EMAIL_CODE_LIFETIME_MINUTES)

    def replace() -> None:
        MailedSecret.objects.filter(user_id=user_id, purpose=PURPOSE).delete()
        MailedSecret.objects.create(
            user_id=user_id,
            purpose=PURPOSE,
            secret_hash=_code_hash(user_id, code),
            expires_at=now + lifetime,
            created_at=now,
        )

    run_atomic(replace)
    return code


def verify_email(*, user: User, code: str) -> None:
    """Verify the address by its code.

    Raises ``AlreadyVerified``, or ``ValidationFailed`` for a wrong code; after
    ``EMAIL_CODE_ATTEMPTS_MAX`` tries or its lifetime a code is void and a new one is needed.
    """
    if user.email_verified_at is not None:
        raise AlreadyVerified
    now = clock.now()
    outcome = run_atomic(lambda: _try_code(user.pk, code, now))
    if outcome is Outcome.WRONG:
        raise ValidationFailed.of("code", "wrong_code", "This is not the code that was mailed.")
    if outcome is Outcome.VOID:
        raise ValidationFailed.of("code", "expired", "The code is void; ask for a new one.")


def _try_code(user_id: UUID, code: str, now: datetime) -> Outcome:
    """The attempt is counted before the code is looked at, so tries at once are all counted."""
    live = MailedSecret.objects.filter(
        user_id=user_id,
        purpose=PURPOSE,
        expires_at__gt=now,
        attempts__lt=settings.EMAIL_CODE_ATTEMPTS_MAX,
    )
    if not change_one(live, attempts=F("attempts") + 1):
        return Outcome.VOID
    secret = MailedSecret.objects.get(user_id=user_id, purpose=PURPOSE)
    if not constant_time_compare(secret.secret_hash, _code_hash(user_id, code)):
        return Outcome.WRONG
    secret.delete()
    User.objects.filter(pk=user_id).update(email_verified_at=now)
    return Outcome.RIGHT


def _code_hash(user_id: UUID, code: str) -> str:
    return keyed_hash("email-code", f"{user_id}:{code}")
