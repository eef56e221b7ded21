"""Reads of second factors."""

from uuid import UUID

from pairly.accounts.second_factor.models import RecoveryCode, TotpDevice

__all__ = ["confirmed_device", "has_second_factor", "recovery_codes_left"]


def confirmed_device(user_id: UUID) -> TotpDevice | None:
    """The authenticator that a person signs in with, if there is one."""
    found: TotpDevice | None = TotpDevice.objects.filter(user_id=user_id, confirmed=True).first()
    return found


def has_second_factor(user_id: UUID) -> bool:
    return confirmed_device(user_id) is not None


def recovery_codes_left(user_id: UUID) -> int:
    return RecoveryCode.objects.filter(user_id=user_id, used_at=None).count()
