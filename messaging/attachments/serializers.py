"""Wire shapes of attachments over REST."""

from typing import Any

from rest_framework import serializers

from messaging.attachments.models import Attachment
from pairly.core.serializers import StrictSerializer

__all__ = ["AttachmentSerializer", "UploadSerializer"]

DURATION_MS_MAX = 24 * 3600 * 1000


class UploadSerializer(StrictSerializer):
    file = serializers.FileField(allow_empty_file=True)
    kind = serializers.ChoiceField(
        Attachment.Kind.choices,
        required=False,
        default=None,
        help_text="What the client takes the file for; refused when its content is another kind.",
    )
    duration_ms = serializers.IntegerField(
        min_value=0, max_value=DURATION_MS_MAX, required=False, default=None
    )


class AttachmentSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Attachment.Kind.choices)
    content_type = serializers.CharField()
    size_bytes = serializers.IntegerField()
    name = serializers.SerializerMethodField()
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True)

    def get_name(self, attachment: Any) -> str | None:
        return attachment.name or None
