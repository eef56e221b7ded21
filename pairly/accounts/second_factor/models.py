"""What proves a second time who somebody is."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django_otp.models import Device as OtpDevice
from django_otp.models import DeviceManager

from pairly.core.ids import new_id

__all__ = ["RecoveryCode", "TotpDevice"]


class TotpDevice(OtpDevice):  # type: ignore[misc]
    """An authenticator app; a person has at most one confirmed and one that is to be confirmed.

    django-otp's class gives ``confirmed``, ``persistent_id`` and the place among its devices.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    secret = models.CharField(max_length=200, help_text="encrypted")
    last_step = models.BigIntegerField(default=0, help_text="the newest time step used up")
    failures = models.PositiveIntegerField(default=0, help_text="wrong codes since a right one")
    locked_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects: ClassVar[DeviceManager] = DeviceManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "confirmed"], name="one_totp_device")
        ]

    def __str__(self) -> str:
        return f"authenticator {self.pk}"

    def is_locked_at(self, now: datetime) -> bool:
        return self.locked_until is not None and self.locked_until > now


class RecoveryCode(models.Model):
    """Stands in for the authenticator once. The code itself is shown once and never stored."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    code_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 in hex")
    used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"recovery code {self.pk}"
