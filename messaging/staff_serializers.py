"""Wire shapes of the staff routes of messaging."""

from typing import Any

import orjson
from rest_framework import serializers

from messaging.models import Conversation, Message
from messaging.subject import notes_of
from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.core.serializers import StrictSerializer

__all__ = [
    "EraseSerializer",
    "LookSerializer",
    "StaffConversationPageSerializer",
    "StaffConversationSerializer",
    "StaffMessageSerializer",
    "StaffMessagesSerializer",
    "StaffMessagesQuerySerializer",
    "StaffPageQuerySerializer",
]

SEARCHED_TEXT_LENGTH_MAX = 100


class LookSerializer(StrictSerializer):
    reason = serializers.CharField(
        max_length=REASON_LENGTH_MAX, help_text="Why private content is read; it is kept."
    )


class EraseSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=REASON_LENGTH_MAX, help_text="For the audit log.")


class StaffMessagesQuerySerializer(LookSerializer):
    message_id = serializers.UUIDField(required=False)
    conversation_id = serializers.UUIDField(required=False)
    user_id = serializers.UUIDField(required=False, help_text="Who wrote them.")
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    text = serializers.CharField(
        max_length=SEARCHED_TEXT_LENGTH_MAX,
        required=False,
        help_text="Within a conversation, or what a person wrote last.",
    )


class StaffPageQuerySerializer(LookSerializer):
    before_seq = serializers.IntegerField(min_value=0, max_value=2**53, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=100, default=50)


class StaffMessageSerializer(serializers.ModelSerializer[Message]):
    """A message whatever became of it, with what did."""

    notes = serializers.SerializerMethodField(help_text="As `hidden by staff`.")
    attachments = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = (
            *("id", "conversation_id", "seq", "sender_id", "kind", "text", "attachments"),
            *("price", "created_at", "edited_at", "deleted_at", "notes"),
        )
        read_only_fields = fields

    def get_notes(self, message: Message) -> list[str]:
        return notes_of(message)

    def get_attachments(self, message: Message) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = orjson.loads(message.attachments)
        return found


class StaffMessagesSerializer(serializers.Serializer[Any]):
    results = StaffMessageSerializer(many=True)
    is_cut = serializers.BooleanField(help_text="There may be more, further back.")


class StaffConversationSerializer(serializers.ModelSerializer[Conversation]):
    class Meta:
        model = Conversation
        fields = ("id", "first_id", "second_id", "blocked", "last_seq")
        read_only_fields = fields


class StaffConversationPageSerializer(serializers.Serializer[Any]):
    conversation = StaffConversationSerializer()
    results = StaffMessageSerializer(many=True, help_text="Newest first.")
    next = serializers.URLField(allow_null=True)
