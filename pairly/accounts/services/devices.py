"""Sign-ins and socket tickets: made, used, ended."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from pairly.accounts import activity, selectors
from pairly.accounts.errors import WrongCredentials
from pairly.accounts.models import Device, SocketTicket, User
from pairly.accounts.second_factor.selectors import has_second_factor
from pairly.accounts.tokens import hash_token, new_token
from pairly.core import clock
from pairly.core.db import change_one, run_atomic
from pairly.core.errors import NotAuthenticated, NotFound
from pairly.core.table import Table
from pairly.realtime.errors import CloseCode
from pairly.realtime.services import disconnect

__all__ = [
    "Origin",
    "end_device",
    "end_devices",
    "issue_socket_ticket",
    "open_device",
    "open_devices",
    "redeem_socket_ticket",
    "touch_devices",
]

TICKETS = Table(SocketTicket, "device_id", "expires_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request comes from, as far as it tells."""

    device_name: str = ""
    address: str = ""
    user_agent: str = ""


def _new_device(*, user_id: UUID, origin: Origin, now: datetime) -> tuple[Device, str]:
    """An unsaved sign-in and its token, which exists nowhere else."""
    token = new_token()
    device = Device(
        user_id=user_id,
        token_hash=hash_token(token),
        name=origin.device_name,
        address=origin.address,
        user_agent=origin.user_agent,
        last_used_at=now,
        expires_at=now + timedelta(days=settings.DEVICE_LIFETIME_DAYS),
        created_at=now,
    )
    return device, token


def open_device(*, user: User, origin: Origin, now: datetime) -> tuple[Device, str]:
    """Sign in on one more device; the least recently used make room. Inside a transaction.

    The user's row is written, so that of two sign-ins at once one sees the other, and only while
    the password is still the one that was checked: a new one ends every sign-in, the coming ones
    of the old one included. Raises ``WrongCredentials``.
    """
    as_checked = User.objects.filter(pk=user.pk, password=user.password, deleted_at=None)
    if not change_one(as_checked, last_login=now):
        raise WrongCredentials
    _note_activity([user.pk], now)
    surplus = selectors.devices_of(user.pk, now)[settings.DEVICES_PER_USER_MAX - 1 :]
    _end(list(surplus), CloseCode.TOO_MANY_DEVICES, now)
    device, token = _new_device(user_id=user.pk, origin=origin, now=now)
    device.second_factor_required = has_second_factor(user.pk)
    device.save(force_insert=True)
    return device, token


def open_devices(*, user_ids: Sequence[UUID], origin: Origin, now: datetime) -> list[str]:
    """Sign new people in, one device each; their tokens in the same order."""
    made = [_new_device(user_id=user_id, origin=origin, now=now) for user_id in user_ids]
    run_atomic(lambda: Device.objects.bulk_create(device for device, _token in made))
    return [token for _device, token in made]


def end_device(*, user_id: UUID, device_id: UUID) -> None:
    """Sign one device out and close its sockets. Raises ``NotFound`` if it is not signed in."""
    now = clock.now()

    def end() -> None:
        mine = Device.objects.filter(pk=device_id, user_id=user_id, ended_at=None)
        if not change_one(mine.filter(expires_at__gt=now), ended_at=now):
            raise NotFound
        disconnect(user_id, code=CloseCode.SIGN_IN_AGAIN, device_id=device_id)

    run_atomic(end)


def end_devices(*, user_id: UUID, except_device_id: UUID | None = None) -> None:
    """Sign a person out everywhere, or everywhere else."""
    now = clock.now()

    def end() -> None:
        devices = [d for d in selectors.devices_of(user_id, now) if d.pk != except_device_id]
        _end(devices, CloseCode.SIGN_IN_AGAIN, now)

    run_atomic(end)


def _end(devices: Iterable[Device], code: CloseCode, now: datetime) -> None:
    for device in devices:
        if change_one(Device.objects.filter(pk=device.pk, ended_at=None), ended_at=now):
            disconnect(device.user_id, code=code, device_id=device.pk)


def touch_devices(
    *, device_ids: Collection[UUID], user_ids: Collection[UUID], now: datetime
) -> None:
    """Note that these devices are in use, which renews the sign-ins, and their users active.

    Call at most every ``DEVICE_TOUCH_MINUTES`` for a device: a row is written for each.
    """

    def touch() -> None:
        Device.objects.filter(pk__in=device_ids, ended_at=None).update(
            last_used_at=now, expires_at=now + timedelta(days=settings.DEVICE_LIFETIME_DAYS)
        )
        _note_activity(user_ids, now)

    run_atomic(touch)


def _note_activity(user_ids: Collection[UUID], now: datetime) -> None:
    shown = activity.shown_among(user_ids)
    User.objects.filter(pk__in=shown, last_active_at__lt=now).update(last_active_at=now)


def issue_socket_ticket(*, device_id: UUID) -> str:
    """A ticket that opens one socket within ``SOCKET_TICKET_LIFETIME_SECONDS``."""
    now = clock.now()
    ticket = new_token()
    lifetime = timedelta(seconds=settings.SOCKET_TICKET_LIFETIME_SECONDS)
    row = SocketTicket(
        device_id=device_id,
        ticket_hash=hash_token(ticket),
        expires_at=now + lifetime,
        created_at=now,
    )
    run_atomic(lambda: row.save(force_insert=True))
    return ticket


def redeem_socket_ticket(*, ticket: str) -> UUID:
    """Use a ticket up; the id of its device. Raises ``NotAuthenticated`` unless it is good.

    Who deletes the row has redeemed it, so a second use finds none.
    """
    now = clock.now()
    ticket_hash = hash_token(ticket)

    def redeem() -> UUID | None:
        found = TICKETS.select("ticket_hash", [ticket_hash])
        if TICKETS.delete("ticket_hash", [ticket_hash]) != 1:
            return None
        ((device_id, expires_at),) = found
        return device_id if expires_at > now else None

    device_id = run_atomic(redeem)
    if device_id is None:
        raise NotAuthenticated("The ticket is used, expired or unknown.")
    return device_id
