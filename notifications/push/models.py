"""Devices that take pushes, what they took, and the outbox of mock mode."""

from django.conf import settings
from django.db import models

from pairly.core.ids import new_id

__all__ = ["MockPush", "PushDevice", "PushTaken"]

ADDRESS_LENGTH_MAX = 1024


class PushDevice(models.Model):
    """Where one sign-in is pushed to. It is pushed to as long as that sign-in lasts, so signing
    out ends it without anything that has to run.

    An address belongs to whoever registered it last: of two people who take turns at one
    telephone, the one who left is not pushed to there.
    """

    class Provider(models.TextChoices):
        WEB_PUSH = "web_push", "Web Push"
        FCM = "fcm", "Firebase"
        APNS = "apns", "Apple"
        APNS_VOIP = "apns_voip", "Apple, calls"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    sign_in = models.ForeignKey(
        "accounts.Device", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    provider = models.CharField(max_length=9, choices=Provider)
    address = models.CharField(
        max_length=ADDRESS_LENGTH_MAX, help_text="a token, or a Web Push endpoint; a secret"
    )
    address_hash = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 in hex; addresses are too long to index"
    )
    p256dh = models.CharField(max_length=100, blank=True, help_text="Web Push: the browser's key")
    auth = models.CharField(max_length=50, blank=True, help_text="Web Push: the shared secret")
    last_seen_at = models.DateTimeField(db_index=True, help_text="when it last registered")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sign_in", "provider"], name="one_push_device")
        ]
        indexes = [models.Index(fields=["user", "-last_seen_at"], name="push_devices_of_user")]

    def __str__(self) -> str:
        return f"{self.provider} {self.pk}"


class PushTaken(models.Model):
    """A device took a delivery: what is sent again after a crash passes it by."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    delivery_id = models.UUIDField(db_index=True)
    device_id = models.UUIDField()
    taken_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.delivery_id} to {self.device_id}"


class MockPush(models.Model):
    """A push of mock mode: written here, as its provider would get it, in place of being sent."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    delivery_id = models.UUIDField()
    provider = models.CharField(max_length=9, choices=PushDevice.Provider)
    kind = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    payload = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "mock pushes"
        indexes = [models.Index(fields=["user", "-id"], name="mock_pushes_of_user")]

    def __str__(self) -> str:
        return self.title
