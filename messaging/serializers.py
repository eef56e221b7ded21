"""Wire shapes of messaging over REST."""

from typing import Any

import orjson
from django.conf import settings
from rest_framework import serializers

from messaging.models import CLIENT_ID_CHARACTERS_MAX, Message, MessageKind
from messaging.selectors import ConversationView
from pairly.accounts.serializers import PublicUserSerializer
from pairly.core.serializers import StrictSerializer
from payments.serializers import WalletSerializer

__all__ = [
    "ChangeConversationSerializer",
    "ConversationQuerySerializer",
    "ConversationSerializer",
    "DeleteMessageSerializer",
    "EditMessageSerializer",
    "MessagePageSerializer",
    "MessageSerializer",
    "OpenConversationSerializer",
    "ReceiptSerializer",
    "SendMessageSerializer",
    "SentMessageSerializer",
    "SyncQuerySerializer",
    "SyncSerializer",
    "UpdateReceiptSerializer",
]


class OpenConversationSerializer(StrictSerializer):
    user_id = serializers.UUIDField()


class SendMessageSerializer(StrictSerializer):
    client_id = serializers.CharField(max_length=CLIENT_ID_CHARACTERS_MAX, trim_whitespace=False)
    kind = serializers.ChoiceField(MessageKind.choices)
    text = serializers.CharField(
        max_length=settings.MESSAGE_TEXT_CHARACTERS_MAX,
        allow_blank=True,
        default="",
        help_text="Required for the kind text, else a caption.",
    )
    attachment_ids = serializers.ListField(
        child=serializers.UUIDField(),
        max_length=settings.MESSAGE_ATTACHMENTS_MAX,
        default=list,
        help_text="Uploaded before; required for every kind but text.",
    )
    reply_to_id = serializers.UUIDField(required=False, allow_null=True, default=None)


class EditMessageSerializer(StrictSerializer):
    text = serializers.CharField(
        max_length=settings.MESSAGE_TEXT_CHARACTERS_MAX,
        allow_blank=True,
        help_text="Empty takes a caption away.",
    )


class DeleteMessageSerializer(StrictSerializer):
    """``for`` is a word of Python, so the field is put in under its name."""

    def get_fields(self) -> dict[str, Any]:
        return {"for": serializers.ChoiceField(["me", "both"])}


class ChangeConversationSerializer(StrictSerializer):
    muted = serializers.BooleanField(required=False)
    archived = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Give muted, archived or both.")
        return attrs


class ConversationQuerySerializer(StrictSerializer):
    """``cursor`` and ``limit`` belong to its pages."""

    archived = serializers.BooleanField(
        default=False, help_text="The archived conversations instead of the others."
    )
    cursor = serializers.CharField(required=False)
    limit = serializers.CharField(required=False)


class UpdateReceiptSerializer(StrictSerializer):
    delivered_seq = serializers.IntegerField(min_value=0, max_value=2**53, required=False)
    read_seq = serializers.IntegerField(min_value=0, max_value=2**53, required=False)


class MessagePageSerializer(StrictSerializer):
    """Which messages: after a number, ascending, or before one, descending."""

    before_seq = serializers.IntegerField(min_value=0, max_value=2**53, required=False)
    after_seq = serializers.IntegerField(min_value=0, max_value=2**53, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=100, default=50)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "before_seq" in attrs and "after_seq" in attrs:
            raise serializers.ValidationError("Give before_seq or after_seq, not both.")
        return attrs


class SyncQuerySerializer(StrictSerializer):
    since = serializers.IntegerField(min_value=0, max_value=2**48 - 1)


class MessageSerializer(serializers.Serializer[Message]):
    id = serializers.UUIDField()
    conversation_id = serializers.UUIDField()
    seq = serializers.IntegerField()
    sender_id = serializers.UUIDField()
    client_id = serializers.CharField()
    kind = serializers.CharField()
    text = serializers.CharField()
    attachments = serializers.SerializerMethodField()
    reply_to_id = serializers.UUIDField(allow_null=True)
    price = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    deleted_at = serializers.DateTimeField(
        allow_null=True, help_text="Deleted for both; text and attachments are gone."
    )

    def get_attachments(self, message: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = orjson.loads(message.attachments)
        return found


class SentMessageSerializer(MessageSerializer):
    """A message just sent, with what the sending left in the wallet."""

    wallet = WalletSerializer()
    position = serializers.IntegerField(allow_null=True)


class ConversationSerializer(serializers.Serializer[ConversationView]):
    id = serializers.UUIDField()
    peer = PublicUserSerializer()
    last_seq = serializers.IntegerField()
    my_delivered_seq = serializers.IntegerField()
    my_read_seq = serializers.IntegerField()
    peer_delivered_seq = serializers.IntegerField()
    peer_read_seq = serializers.IntegerField()
    unread = serializers.IntegerField()
    muted = serializers.BooleanField()
    archived = serializers.BooleanField()
    last_message = MessageSerializer(allow_null=True)
    updated_at = serializers.DateTimeField()


class ReceiptSerializer(serializers.Serializer[Any]):
    conversation_id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    delivered_seq = serializers.IntegerField()
    read_seq = serializers.IntegerField()
    at = serializers.CharField()
    unread = serializers.IntegerField()


class SyncSerializer(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    resync = serializers.BooleanField()
    events = serializers.ListField(child=serializers.DictField())
