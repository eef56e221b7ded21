"""Uploads of people, and the message that each came to be part of."""

from django.conf import settings
from django.db import models

from messaging.attachments.types import suffix_of
from pairly.core.ids import new_id

__all__ = ["Attachment"]

NAME_CHARACTERS_MAX = 100


class Attachment(models.Model):
    """A file that somebody uploaded. Its content never changes.

    The row is there before the file and goes after it, and the file's name follows from the row,
    so whatever is killed when, no file is ever left without a row that leads to it.
    """

    class Kind(models.TextChoices):
        IMAGE = "image"
        AUDIO = "audio"
        VIDEO = "video"
        FILE = "file"

    class State(models.TextChoices):
        UPLOADING = "uploading", "Uploading"
        READY = "ready", "Waits for a message"
        CLAIMED = "claimed", "Part of a message"
        REMOVED = "removed", "To be removed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    state = models.CharField(max_length=9, choices=State, default=State.UPLOADING)
    message_id = models.UUIDField(null=True, help_text="of the message that it is part of")
    kind = models.CharField(max_length=5, choices=Kind)
    content_type = models.CharField(max_length=40, help_text="as its content says")
    size_bytes = models.PositiveIntegerField()
    name = models.CharField(
        max_length=NAME_CHARACTERS_MAX, blank=True, help_text="of a document, as its owner calls it"
    )
    width = models.PositiveIntegerField(null=True, help_text="of an image, in pixels")
    height = models.PositiveIntegerField(null=True, help_text="of an image, in pixels")
    duration_ms = models.PositiveIntegerField(
        null=True, help_text="of audio and video, as the owner's client says"
    )
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="attachments_of_owner"),
            models.Index(fields=["state", "created_at"], name="attachment_clean_up"),
            models.Index(fields=["message_id"], name="attachments_of_message"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def file_name(self) -> str:
        """In the storage; spread over folders by the end of the id, whose beginning is time."""
        return f"attachments/{self.pk.hex[-2:]}/{self.pk.hex}{suffix_of(self.content_type)}"
