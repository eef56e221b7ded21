"""What the database keeps of presence: wishes, last seen, and the past. No heartbeat writes it."""

from django.conf import settings
from django.db import models

from pairly.core.ids import new_id
from presence.status import Mode

__all__ = ["Count", "DeviceKind", "PastVisit", "Presence"]


class DeviceKind(models.TextChoices):
    WEB = "web", "Browser"
    ANDROID = "android", "Android"
    IOS = "ios", "iOS"
    OTHER = "other", "Other"


class Presence(models.Model):
    """A person's wish, and when others last saw them. Absent: never here, and no wish."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        primary_key=True,
        db_column="_id",
        on_delete=models.CASCADE,
        related_name="+",
    )
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.AUTO)
    last_seen_at = models.DateTimeField(null=True, help_text="stands still while invisible")

    def __str__(self) -> str:
        return f"presence of {self.pk}"


class PastVisit(models.Model):
    """From when to when a device was here; kept for ``PRESENCE_HISTORY_DAYS``."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    device_kind = models.CharField(max_length=10, choices=DeviceKind)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["user", "-id"], name="past_visits_of_user")]

    def __str__(self) -> str:
        return f"{self.device_kind} visit {self.pk}"


class Count(models.Model):
    """How many people were here at the start of a minute."""

    at = models.DateTimeField(primary_key=True, db_column="_id")
    online = models.PositiveIntegerField()
    busy = models.PositiveIntegerField()
    away = models.PositiveIntegerField()
    invisible = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"people at {self.at}"
