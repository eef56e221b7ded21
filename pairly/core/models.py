"""The one table of the core: Idempotency-Keys and the answers they are replayed with."""

from typing import ClassVar

from django.db import models

__all__ = ["KEY_CHARACTERS_MAX", "IdempotencyKey"]

KEY_CHARACTERS_MAX = 255
USER_HEX_CHARACTERS = 32


class IdempotencyKey(models.Model):
    """One key of one person; the row is inserted before anything else is done.

    ``id`` is the person's id in hex, a colon, and the key. ``operation_id`` names what is made
    under the key and stays the same when another worker takes over, ``token`` changes then, so
    that the slower one can finish nothing. ``status`` and ``body`` are the answer's, 0 while the
    work runs.
    """

    id = models.CharField(
        primary_key=True,
        max_length=USER_HEX_CHARACTERS + 1 + KEY_CHARACTERS_MAX,
        db_column="_id",
    )
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of what was asked for.")
    operation_id = models.UUIDField()
    token = models.UUIDField()
    locked_until = models.DateTimeField()
    status = models.PositiveSmallIntegerField(default=0)
    body = models.TextField(default="")
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="idempotency_expires")]

    def __str__(self) -> str:
        return self.id
