"""A person leaves: personal data goes, a nameless row stays (see docs/data-retention.md)."""

from datetime import datetime

from django.contrib.auth.hashers import make_password

from pairly.accounts.events import UserDeleted
from pairly.accounts.models import (
    Block,
    Device,
    Mail,
    MailedSecret,
    SignInAttempt,
    StaffNote,
    User,
)
from pairly.accounts.second_factor.services import forget_second_factor
from pairly.accounts.services.devices import end_devices
from pairly.accounts.services.sign_ins import confirm_password, wrong_password
from pairly.accounts.services.staff import leave_all_roles
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.outbox.services import emit
from pairly.realtime.errors import CloseCode
from pairly.realtime.services import clear_log, disconnect

__all__ = ["delete_account"]

PSEUDONYM = "Deleted user"


def delete_account(*, user: User, password: str, address: str) -> None:
    """Delete one's own account.

    Raises ``ValidationFailed`` if the password is wrong (also by now), ``LastSuperadmin``.
    """
    confirm_password(user=user, password=password, field="password", address=address)
    now = clock.now()
    run_atomic(lambda: _delete(user, now))


def _delete(checked: User, now: datetime) -> None:
    """The person as they are by now: what came since the password was checked goes as well."""
    user = User.objects.filter(pk=checked.pk, deleted_at=None).first()
    if user is None:
        return
    if user.password != checked.password:
        raise wrong_password("password")
    User.objects.filter(pk=user.pk).update(**_nameless(user, now))
    leave_all_roles(user.pk)
    end_devices(user_id=user.pk)
    forget_second_factor(user.pk)
    Device.objects.filter(user_id=user.pk).update(name="", address="", user_agent="")
    MailedSecret.objects.filter(user_id=user.pk).delete()
    SignInAttempt.objects.filter(user_id=user.pk).delete()
    StaffNote.objects.filter(user_id=user.pk).delete()
    Block.objects.filter(blocker_id=user.pk).delete()
    Mail.objects.filter(recipient=user.email).delete()
    disconnect(user.pk, code=CloseCode.SIGN_IN_AGAIN)
    emit(UserDeleted(user_id=user.pk, at=now))
    clear_log(user.pk)  # last, since who hears of it may tell the person something yet


def _nameless(user: User, now: datetime) -> dict[str, object]:
    """The columns that could tell who it was, emptied. The address becomes one that nobody can
    have, since it must be unique."""
    return {
        "email": f"{user.pk}@deleted.invalid",
        "email_verified_at": None,
        "password": make_password(None),
        "display_name": PSEUDONYM,
        "search_name": PSEUDONYM.lower(),
        "birth_date": None,
        "bio": "",
        "country": "",
        "time_zone": "UTC",
        "platform": "",
        "photo": "",
        "listed": False,
        "show_online_status": False,
        "show_last_seen": False,
        "show_in_call": False,
        "send_read_receipts": False,
        "is_staff": False,
        "last_active_at": now,
        "last_login": None,
        "deleted_at": now,
    }
