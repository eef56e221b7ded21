"""Enrolling an authenticator, proving it on a sign-in, and taking it away.

Who has a confirmed authenticator proves it on every sign-in before anything else answers there.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db.models import QuerySet

from pairly.accounts import roles, selectors
from pairly.accounts.errors import SecondFactorMissing, SecondFactorRequired
from pairly.accounts.models import Device, RecoveryCode, TotpDevice, User
from pairly.accounts.second_factor import codes
from pairly.accounts.second_factor.attempts import attempt
from pairly.accounts.second_factor.selectors import confirmed_device, has_second_factor
from pairly.accounts.second_factor.vault import open_sealed, seal
from pairly.accounts.services.devices import end_devices
from pairly.accounts.services.sign_ins import confirm_password
from pairly.accounts.step_up import is_fresh
from pairly.accounts.tokens import hash_token
from pairly.audit.services import record, require_reason
from pairly.core import clock
from pairly.core.db import change_one, run_atomic
from pairly.core.errors import Conflict, PermissionDenied
from pairly.realtime.errors import CloseCode
from pairly.realtime.services import disconnect

__all__ = [
    "Enrolment",
    "confirm",
    "current_code",
    "enrol",
    "forget_second_factor",
    "pending_enrolment",
    "regenerate_recovery_codes",
    "remove",
    "reset",
    "verify_code",
]

RECOVERY_CODES = 10
DEVICE_NAME = "Authenticator"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What goes into an authenticator: the secret to type, or the URI for a QR code."""

    secret: str
    uri: str


def enrol(*, user: User, sign_in: Device) -> Enrolment:
    """Begin with a new authenticator; it counts once ``confirm`` has seen a code of it.

    Who has one already must have proved it lately on this sign-in. Raises
    ``SecondFactorRequired``, or ``Conflict`` when two begin at once.
    """
    now = clock.now()
    _refuse_stale(user, sign_in, now)
    secret = codes.new_secret()
    values = {
        "secret": seal(secret, user.pk),
        "last_step": 0,
        "failures": 0,
        "locked_until": None,
        "created_at": now,
    }

    def write() -> None:
        if not change_one(_pending(user.pk), **values):
            TotpDevice.objects.create(user=user, name=DEVICE_NAME, confirmed=False, **values)

    try:
        run_atomic(write)
    except IntegrityError as error:
        raise Conflict("An enrolment has just begun elsewhere.") from error
    return _enrolment(user, secret)


def pending_enrolment(*, user: User, sign_in: Device) -> Enrolment:
    """The enrolment that has begun and awaits its code, or a new one. Raises as ``enrol``."""
    _refuse_stale(user, sign_in, clock.now())
    device = _pending(user.pk).first()
    if device is None:
        return enrol(user=user, sign_in=sign_in)
    return _enrolment(user, open_sealed(device.secret, user.pk))


def confirm(*, user: User, sign_in: Device, code: str, request_id: str = "") -> list[str]:
    """Finish the enrolment with a code; the recovery codes, which are shown this once.

    It takes the place of an earlier authenticator. This sign-in has proved it by that; the others
    must. Raises ``SecondFactorMissing`` if none was begun, ``SecondFactorRequired``, and as
    ``verify_code``.
    """
    now = clock.now()
    _refuse_stale(user, sign_in, now)
    recovery_codes = [codes.new_recovery_code() for _ in range(RECOVERY_CODES)]

    def find() -> TotpDevice:
        return _found(_pending(user.pk).first())

    def finish() -> None:
        TotpDevice.objects.filter(user_id=user.pk, confirmed=True).delete()
        _pending(user.pk).update(confirmed=True)
        _replace_recovery_codes(user.pk, recovery_codes, now)
        Device.objects.filter(pk=sign_in.pk).update(second_factor_at=now)
        _ask_elsewhere(user.pk, sign_in.pk, now)
        _record(user.pk, user, "user.second_factor_enrolled", "", request_id)

    attempt(find, code, now, then=finish)
    sign_in.second_factor_at = now
    return recovery_codes


def verify_code(*, user: User, sign_in: Device, code: str) -> None:
    """Prove the second factor on a sign-in, by a code of the authenticator or a recovery code.

    Raises ``ValidationFailed`` for one that is wrong or used, ``RateLimited`` after too many
    wrong ones, ``SecondFactorMissing``.
    """
    now = clock.now()

    def note() -> None:
        Device.objects.filter(pk=sign_in.pk).update(second_factor_at=now)

    attempt(lambda: _confirmed(user.pk), code, now, then=note)
    sign_in.second_factor_at = now


def regenerate_recovery_codes(*, user: User, sign_in: Device, request_id: str = "") -> list[str]:
    """Ten new recovery codes; the earlier ones are void.

    Raises ``SecondFactorRequired`` unless proved lately on this sign-in, ``SecondFactorMissing``.
    """
    now = clock.now()
    _confirmed(user.pk)
    _refuse_stale(user, sign_in, now)
    recovery_codes = [codes.new_recovery_code() for _ in range(RECOVERY_CODES)]

    def replace() -> None:
        _replace_recovery_codes(user.pk, recovery_codes, now)
        _record(user.pk, user, "user.recovery_codes_made", "", request_id)

    run_atomic(replace)
    return recovery_codes


def remove(*, user: User, sign_in: Device, password: str, code: str, address: str) -> None:
    """Do without a second factor from now on; staff cannot.

    Raises ``PermissionDenied`` for staff, ``ValidationFailed`` for a wrong password or code,
    ``RateLimited``, ``SecondFactorMissing``.
    """
    if user.is_staff:
        raise PermissionDenied("Staff keep a second factor; enrol another to replace it.")
    confirm_password(user=user, password=password, field="password", address=address)
    verify_code(user=user, sign_in=sign_in, code=code)
    run_atomic(lambda: forget_second_factor(user.pk))


def reset(*, actor_id: UUID | None, user_id: UUID, reason: str, request_id: str = "") -> None:
    """Help somebody who lost the authenticator and the recovery codes: both go, and every
    sign-in ends. Of staff only who may give roles does that.

    Raises ``NotFound``, ``SecondFactorMissing``, ``PermissionDenied``, ``ValidationFailed``
    without a reason.
    """
    require_reason(reason)

    def run() -> None:
        user = selectors.present_user(user_id)
        if user.is_staff and actor_id is not None:
            _check_may_reset_staff(actor_id)
        _confirmed(user_id)
        forget_second_factor(user_id)
        end_devices(user_id=user_id)
        _record(actor_id, user, "user.second_factor_reset", reason, request_id)

    run_atomic(run)


def forget_second_factor(user_id: UUID) -> None:
    """Delete what there is of it, and ask no sign-in for it. Inside a transaction."""
    TotpDevice.objects.filter(user_id=user_id).delete()
    RecoveryCode.objects.filter(user_id=user_id).delete()
    Device.objects.filter(user_id=user_id).update(
        second_factor_required=False, second_factor_at=None
    )


def current_code(*, user: User) -> tuple[str, int]:
    """A code that has not been used, and the seconds until it is taken; mock mode only.

    Who has no authenticator is given one that lives nowhere else, so that demo staff can sign in.
    """
    if not settings.MOCK_MODE:
        raise RuntimeError("codes are only told in mock mode")
    now = clock.now()
    device = run_atomic(lambda: _confirmed_or_made(user, now))
    step = max(codes.step_at(now), device.last_step + 1)
    taken_from_step = step - codes.DRIFT_STEPS
    wait = taken_from_step * codes.STEP_SECONDS - clock.to_milliseconds(now) // 1000
    return codes.code_of_step(open_sealed(device.secret, user.pk), step), max(0, wait)


def _confirmed_or_made(user: User, now: datetime) -> TotpDevice:
    """An enrolment that has begun is taken as confirmed: its page accepts the code all the same."""
    found = confirmed_device(user.pk)
    if found is not None:
        return found
    _pending(user.pk).update(confirmed=True)
    if confirmed_device(user.pk) is None:
        sealed = seal(codes.new_secret(), user.pk)
        TotpDevice.objects.create(user=user, name=DEVICE_NAME, secret=sealed, created_at=now)
    return _confirmed(user.pk)


def _enrolment(user: User, secret: bytes) -> Enrolment:
    return Enrolment(codes.secret_text(secret), codes.setup_uri(secret, user.email))


def _pending(user_id: UUID) -> QuerySet[TotpDevice]:
    pending: QuerySet[TotpDevice] = TotpDevice.objects.filter(user_id=user_id, confirmed=False)
    return pending


def _confirmed(user_id: UUID) -> TotpDevice:
    return _found(confirmed_device(user_id))


def _found(device: TotpDevice | None) -> TotpDevice:
    if device is None:
        raise SecondFactorMissing
    return device


def _refuse_stale(user: User, sign_in: Device, now: datetime) -> None:
    if has_second_factor(user.pk) and not is_fresh(sign_in, now):
        raise SecondFactorRequired("Enter a code of your present authenticator first.")


def _replace_recovery_codes(user_id: UUID, recovery_codes: list[str], now: datetime) -> None:
    RecoveryCode.objects.filter(user_id=user_id).delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(
            user_id=user_id, code_hash=hash_token(codes.normal_recovery_code(code)), created_at=now
        )
        for code in recovery_codes
    )


def _ask_elsewhere(user_id: UUID, sign_in_id: UUID, now: datetime) -> None:
    """The other sign-ins have not proved this authenticator; their sockets close.

    The user's row is written, as each new sign-in does: of the two at once, one sees the other.
    """
    User.objects.filter(pk=user_id).update(last_login=now)
    others = list(selectors.devices_of(user_id, now).exclude(pk=sign_in_id))
    Device.objects.filter(pk__in=[one.pk for one in others]).update(
        second_factor_required=True, second_factor_at=None
    )
    for one in others:
        disconnect(user_id, code=CloseCode.FORBIDDEN, device_id=one.pk)


def _check_may_reset_staff(actor_id: UUID) -> None:
    if "roles.act" not in roles.permissions_of(selectors.roles_of(actor_id)):
        raise PermissionDenied("Only who may give roles resets the second factor of staff.")


def _record(actor_id: UUID | None, user: User, action: str, reason: str, request_id: str) -> None:
    """The audit log is of what staff do: of members only what is done to them by staff."""
    if actor_id == user.pk and not user.is_staff:
        return
    record(
        actor_id=actor_id,
        action=action,
        target_type="user",
        target_id=user.pk,
        reason=reason,
        request_id=request_id,
    )
