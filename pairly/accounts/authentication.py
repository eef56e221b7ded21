"""Who is asking: a token in a header, or a ticket for a socket."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from structlog.contextvars import bind_contextvars

from pairly.accounts import selectors, services
from pairly.accounts.errors import SecondFactorRequired
from pairly.accounts.models import Device, User
from pairly.accounts.services.sign_ins import refuse_suspended
from pairly.accounts.tokens import hash_token
from pairly.core import clock
from pairly.core.errors import NotAuthenticated
from pairly.core.table import Table

__all__ = [
    "BearerAuthentication",
    "SocketIdentity",
    "authenticate_socket",
    "device_states",
]

SCHEME = "bearer"

SIGN_INS = Table(
    Device,
    "id",
    "user_id",
    "last_used_at",
    "expires_at",
    "ended_at",
    "second_factor_required",
    "second_factor_at",
    hex_ids=True,
)


@dataclass(frozen=True, slots=True)
class SocketIdentity:
    user_id: UUID
    device_id: UUID


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer <token>``. ``request.auth`` is the device.

    A sign-in whose second factor is yet to be proved is answered by the few views that name the
    request's method in ``answers_unproved``, and by none else.
    """

    def authenticate(self, request: Request) -> tuple[User, Device] | None:
        """None without a header, so that public routes answer; a bad token is never ignored.

        Raises ``NotAuthenticated``, ``AccountSuspended``, ``SecondFactorRequired``.
        """
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        device = _device_of_header(header, clock.now())
        view = request.parser_context.get("view")
        if request.method not in getattr(view, "answers_unproved", ()):
            refuse_unproved(device)
        bind_contextvars(user_id=str(device.user_id))
        return device.user, device

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="pairly"'


def authenticate_socket(authorization_header: str | None, ticket: str | None) -> SocketIdentity:
    """Who opens a socket.

    Raises ``NotAuthenticated``, ``AccountSuspended``, ``SecondFactorRequired``.
    """
    now = clock.now()
    if authorization_header is not None:
        device = _device_of_header(authorization_header, now)
    elif ticket is not None:
        device_id = services.redeem_socket_ticket(ticket=ticket)
        device = _checked(selectors.device_of_id(device_id), now)
    else:
        raise NotAuthenticated
    refuse_unproved(device)
    return SocketIdentity(user_id=device.user_id, device_id=device.pk)


def device_states(device_ids: Collection[str]) -> set[str]:
    """Those of the devices, in hex, that may go on: signed in, the second factor proved where one
    is wanted, the account neither suspended nor deleted. Two bulk reads.

    Called at heartbeats, so it also notes, once in some minutes, that they are in use.
    """
    now = clock.now()
    signed_in = [
        (device_id, user_id, last_used_at)
        for device_id, user_id, last_used_at, expires_at, ended_at, required, proved_at in (
            SIGN_INS.select("id", device_ids)
        )
        if ended_at is None and expires_at > now and (proved_at is not None or not required)
    ]
    active = selectors.active_in_hex({user_id for _device, user_id, _used in signed_in}, now)
    standing = [row for row in signed_in if row[1] in active]
    touched_before = selectors.touched_before(now)
    stale = [row for row in standing if row[2] <= touched_before]
    if stale:
        services.touch_devices(
            device_ids=[UUID(hex=row[0]) for row in stale],
            user_ids={UUID(hex=row[1]) for row in stale},
            now=now,
        )
    return {row[0] for row in standing}


def _device_of_header(header: str, now: datetime) -> Device:
    scheme, _space, token = header.strip().partition(" ")
    if scheme.lower() != SCHEME or not token.strip():
        raise NotAuthenticated("Send the header `Authorization: Bearer <token>`.")
    device = _checked(selectors.device_of_token_hash(hash_token(token.strip())), now)
    if device.last_used_at <= selectors.touched_before(now):
        services.touch_devices(device_ids=[device.pk], user_ids=[device.user_id], now=now)
    return device


def refuse_unproved(device: Device) -> None:
    """Raises ``SecondFactorRequired`` if this sign-in has yet to prove it."""
    if device.second_factor_required and device.second_factor_at is None:
        raise SecondFactorRequired


def _checked(device: Device | None, now: datetime) -> Device:
    if device is None or not device.is_signed_in_at(now) or device.user.deleted_at is not None:
        raise NotAuthenticated("The token is not valid, or not any more.")
    refuse_suspended(device.user, now)
    return device
