"""Addresses that are not written to any more, and what came back from them."""

from django.db import models

from pairly.core.ids import new_id

__all__ = ["SoftBounce", "Suppression"]

DETAIL_LENGTH_MAX = 200


class Suppression(models.Model):
    """No notification goes to this address. It is known by its hash, so that the list outlives
    the account and names nobody to who reads it."""

    class Reason(models.TextChoices):
        BOUNCE = "bounce", "Bounced for good"
        SOFT_BOUNCES = "soft_bounces", "Bounced again and again"
        COMPLAINT = "complaint", "Called spam"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed at the provider"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    address_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 in hex")
    reason = models.CharField(max_length=12, choices=Reason)
    detail = models.CharField(max_length=DETAIL_LENGTH_MAX, blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.get_reason_display()} {self.pk}"


class SoftBounce(models.Model):
    """A mail that could not be delivered for now. The key names the event, so that a provider may
    tell of it twice."""

    id = models.CharField(primary_key=True, max_length=64, db_column="_id")
    address_hash = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["address_hash", "at"], name="soft_bounces_of_address")]

    def __str__(self) -> str:
        return self.pk
