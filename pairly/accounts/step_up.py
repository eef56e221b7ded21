"""Money asks for the second factor again when it was last verified too long ago."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from pairly.accounts.errors import SecondFactorRequired
from pairly.accounts.models import Device
from pairly.core import clock

__all__ = ["is_fresh", "require_fresh_second_factor"]


def require_fresh_second_factor(request: Any) -> None:
    """Call it first in whatever moves money, in the staff site and in staff routes alike.

    Raises ``SecondFactorRequired`` when the last verification of this sign-in is older than
    ``STEP_UP_SECONDS``. REST answers 403 with that code; the staff site asks for a code and comes
    back to the page.
    """
    device: Device | None = getattr(request, "auth", None) or getattr(request, "sign_in", None)
    if device is None or not is_fresh(device, clock.now()):
        raise SecondFactorRequired("Enter a code of your authenticator again for this.")


def is_fresh(device: Device, now: datetime) -> bool:
    verified_at = device.second_factor_at
    if verified_at is None:
        return False
    return now - verified_at <= timedelta(seconds=settings.STEP_UP_SECONDS)
