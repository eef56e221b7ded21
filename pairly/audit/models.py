"""The audit log's tables: what was done, and the chain over it."""

from django.db import models

from pairly.core.appendonly import AppendOnlyModel
from pairly.core.ids import new_id

__all__ = ["AuditBlock", "AuditEntry", "Sealed", "Unsealed"]


class AuditEntry(AppendOnlyModel):
    """One thing that staff did or looked at. Every column but ``leaf_hash`` is under that hash.

    It names people by id alone, so it outlives their deletion without naming anybody.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    actor_id = models.UUIDField(null=True, help_text="absent: an operator at the command line")
    action = models.CharField(max_length=60)
    target_type = models.CharField(max_length=30)
    target_id = models.CharField(max_length=200)
    reason = models.CharField(max_length=1000, blank=True)
    before = models.TextField(help_text="canonical JSON")
    after = models.TextField(help_text="canonical JSON")
    request_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    leaf_hash = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["target_type", "target_id", "-id"], name="audit_by_target"),
            models.Index(fields=["actor_id", "-id"], name="audit_by_actor"),
            models.Index(fields=["action", "-id"], name="audit_by_action"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target_type} {self.target_id}"


class Unsealed(models.Model):
    """A note that an entry waits to be sealed, which removes the note."""

    entry_id = models.UUIDField(primary_key=True, editable=False, db_column="_id")

    def __str__(self) -> str:
        return str(self.entry_id)


class Sealed(AppendOnlyModel):
    """The place of an entry in the one order of all; its block is the one it lies in."""

    sequence = models.IntegerField(primary_key=True, db_column="_id")
    entry_id = models.UUIDField(unique=True)

    def __str__(self) -> str:
        return f"{self.sequence} {self.entry_id}"


class AuditBlock(AppendOnlyModel):
    """A signed header over consecutive entries. All but ``hash`` and ``signature`` are hashed."""

    number = models.IntegerField(primary_key=True, db_column="_id")
    first_sequence = models.BigIntegerField()
    count = models.IntegerField()
    previous_hash = models.CharField(max_length=64)
    root = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()
    key = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)

    def __str__(self) -> str:
        return f"block {self.number}"
