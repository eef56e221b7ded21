"""A session of the staff site is one of the sign-ins that people see and end like any other.

The session keeps only the sign-in's id, so the second factor, its age and its end are one thing
for the site and for the REST routes.
"""

from typing import Any
from uuid import UUID

from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django_otp.middleware import OTPMiddleware

from pairly.accounts import selectors, services
from pairly.accounts.models import Device, User
from pairly.accounts.second_factor.selectors import confirmed_device
from pairly.accounts.services import SignedIn
from pairly.core import clock

__all__ = ["StaffSessionMiddleware", "begin", "end"]

SIGN_IN_KEY = "pairly_sign_in"
BACKEND = "pairly.accounts.backends.RoleBackend"


class StaffSessionMiddleware(OTPMiddleware):  # type: ignore[misc]
    """``request.user.is_verified()`` as django-otp has it, read from our sign-in.

    ``request.sign_in`` is the sign-in. A session whose sign-in has ended is nobody's.
    """

    async_capable = False

    def _verify_user_sync(self, request: Any, user: Any) -> Any:
        if user.is_authenticated:
            sign_in = _sign_in_of(request, user)
            if sign_in is None:
                request.session.flush()
                user = AnonymousUser()
            else:
                request.sign_in = sign_in
        self._init_user_fields(user)
        if user.is_authenticated and request.sign_in.second_factor_at is not None:
            user.otp_device = confirmed_device(user.pk)
        return user


def begin(request: HttpRequest, signed_in: SignedIn) -> None:
    """Let the session be this sign-in, under a new session key."""
    auth.login(request, signed_in.user, backend=BACKEND)
    request.session[SIGN_IN_KEY] = str(signed_in.device.pk)


def end(request: HttpRequest) -> None:
    """End the session and its sign-in."""
    sign_in: Device | None = getattr(request, "sign_in", None)
    if request.user.is_authenticated and sign_in is not None:
        services.end_device(user_id=request.user.pk, device_id=sign_in.pk)
    auth.logout(request)


def _sign_in_of(request: HttpRequest, user: User) -> Device | None:
    now = clock.now()
    device_id = request.session.get(SIGN_IN_KEY)
    if device_id is None:
        return None
    device = Device.objects.filter(pk=UUID(device_id), user_id=user.pk).first()
    if device is None or not device.is_signed_in_at(now):
        return None
    if device.last_used_at <= selectors.touched_before(now):
        services.touch_devices(device_ids=[device.pk], user_ids=[user.pk], now=now)
    return device
