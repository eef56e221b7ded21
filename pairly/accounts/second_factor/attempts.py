"""One try with a code: right once, counted when wrong, refused while the account is locked.

Every outcome but a repeat writes the authenticator's row, so that tries at once take their turns
on both databases and none slips past the lock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from uuid import UUID

from django.conf import settings

from pairly.accounts.second_factor.codes import is_totp_code, matching_steps, normal_recovery_code
from pairly.accounts.second_factor.models import RecoveryCode, TotpDevice
from pairly.accounts.second_factor.vault import open_sealed
from pairly.accounts.tokens import hash_token
from pairly.core.db import StaleRead, change_one, run_atomic
from pairly.core.errors import RateLimited, ValidationFailed

__all__ = ["attempt"]

LOCK_MAX = timedelta(days=1)


class Outcome(Enum):
    RIGHT = auto()
    WRONG = auto()
    REPEATED = auto()


@dataclass(frozen=True, slots=True)
class Locked:
    seconds_left: int


def attempt(
    find: Callable[[], TotpDevice], code: str, now: datetime, *, then: Callable[[], None]
) -> None:
    """Try the code on the authenticator that ``find`` reads; ``then`` runs in the transaction
    that accepts it.

    Raises ``ValidationFailed`` for a code that is wrong or was used, ``RateLimited`` while locked.
    """

    def run() -> Outcome | Locked:
        device = find()
        if device.is_locked_at(now):
            assert device.locked_until is not None
            return Locked(int((device.locked_until - now).total_seconds()) + 1)
        outcome = _try(device, code.strip(), now)
        if outcome is Outcome.RIGHT:
            then()
        return outcome

    outcome = run_atomic(run)
    if isinstance(outcome, Locked):
        raise RateLimited(
            "Too many wrong codes. Try again later.", retry_after_seconds=outcome.seconds_left
        )
    if outcome is Outcome.REPEATED:
        raise ValidationFailed.of("code", "used_code", "This code was used. Wait for the next one.")
    if outcome is Outcome.WRONG:
        raise ValidationFailed.of("code", "wrong_code", "This is not the code.")


def _try(device: TotpDevice, code: str, now: datetime) -> Outcome:
    if is_totp_code(code):
        return _try_totp(device, code, now)
    if device.confirmed and _use_recovery_code(device.user_id, code, now):
        _forgive(device)
        return Outcome.RIGHT
    return _count_failure(device, now)


def _try_totp(device: TotpDevice, code: str, now: datetime) -> Outcome:
    steps = list(matching_steps(open_sealed(device.secret, device.user_id), code, now))
    if not steps:
        return _count_failure(device, now)
    for step in steps:
        unused = TotpDevice.objects.filter(pk=device.pk, last_step__lt=step)
        if change_one(unused, last_step=step, failures=0, locked_until=None):
            return Outcome.RIGHT
    return Outcome.REPEATED


def _use_recovery_code(user_id: UUID, code: str, now: datetime) -> bool:
    unused = RecoveryCode.objects.filter(
        user_id=user_id, code_hash=hash_token(normal_recovery_code(code)), used_at=None
    )
    return change_one(unused, used_at=now)


def _forgive(device: TotpDevice) -> None:
    TotpDevice.objects.filter(pk=device.pk).update(failures=0, locked_until=None)


def _count_failure(device: TotpDevice, now: datetime) -> Outcome:
    """The account is locked at every so many failures, each time twice as long as the last."""
    failures = device.failures + 1
    rounds, rest = divmod(failures, settings.SECOND_FACTOR_FAILURES_MAX)
    locked_until = device.locked_until if rest else now + _lock_time(rounds)
    as_read = TotpDevice.objects.filter(pk=device.pk, failures=device.failures)
    if not change_one(as_read, failures=failures, locked_until=locked_until):
        raise StaleRead
    return Outcome.WRONG


def _lock_time(rounds: int) -> timedelta:
    doublings = min(rounds - 1, 20)
    lasting: timedelta = timedelta(minutes=settings.SECOND_FACTOR_LOCK_MINUTES) * 2**doublings
    return min(lasting, LOCK_MAX)
