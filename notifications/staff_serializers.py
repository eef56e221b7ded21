"""Wire shapes of what staff do with notifications."""

from typing import Any

from rest_framework import serializers

from notifications.broadcasts.models import (
    BODY_LENGTH_MAX,
    BROADCAST_KIND_CHOICES,
    TITLE_LENGTH_MAX,
    Broadcast,
)
from notifications.kinds import CHANNELS, KINDS
from notifications.models import Delivery, Notification
from notifications.rendering import LANGUAGE_DEFAULT, LANGUAGES
from notifications.staff_selectors import STATISTICS_DAYS_MAX
from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.core.serializers import StrictSerializer

__all__ = [
    "BroadcastPreviewSerializer",
    "BroadcastSerializer",
    "DeliveriesQuerySerializer",
    "DeliverySerializer",
    "DeliveryWithTextSerializer",
    "HistorySerializer",
    "NotificationReasonSerializer",
    "NotificationTextSerializer",
    "NotificationTextsSerializer",
    "ReplayDeadDeliveriesSerializer",
    "ReplayedDeliveriesSerializer",
    "SegmentSerializer",
    "DeliveryStatisticsQuerySerializer",
    "DeliveryStatisticsSerializer",
    "TextQuerySerializer",
    "TriedSerializer",
    "TryTextSerializer",
    "WriteBroadcastSerializer",
]

CHANNEL_CHOICES = [(one, one) for one in CHANNELS]
SENT_CHANNELS = [(one, one) for one in CHANNELS if one != "in_app"]
KIND_CHOICES = [(name, kind.title) for name, kind in KINDS.items()]


class NotificationReasonSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=REASON_LENGTH_MAX, help_text="For the audit log.")


class ReplayDeadDeliveriesSerializer(NotificationReasonSerializer):
    channel = serializers.ChoiceField(SENT_CHANNELS, required=False, default="")


class ReplayedDeliveriesSerializer(serializers.Serializer[Any]):
    replayed = serializers.IntegerField()


class DeliveriesQuerySerializer(serializers.Serializer[Any]):
    user_id = serializers.UUIDField(required=False)
    state = serializers.ChoiceField(Delivery.State.choices, required=False)
    channel = serializers.ChoiceField(CHANNEL_CHOICES, required=False)
    kind = serializers.ChoiceField(KIND_CHOICES, required=False)


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    class Meta:
        model = Delivery
        fields: tuple[str, ...] = (
            *("id", "notification_id", "user_id", "kind", "channel", "state", "reason"),
            *("attempts", "replays", "detail", "provider_ref", "template_version"),
            *("due_at", "sent_at", "receipt", "receipt_at", "created_at"),
        )
        read_only_fields = fields


class DeliveryWithTextSerializer(DeliverySerializer):
    title = serializers.CharField(source="notification.title")
    body = serializers.CharField(source="notification.body")

    class Meta(DeliverySerializer.Meta):
        fields = (*DeliverySerializer.Meta.fields, "title", "body")
        read_only_fields = fields


class ToldSerializer(serializers.ModelSerializer[Notification]):
    class Meta:
        model = Notification
        fields = ("id", "kind", "title", "body", "count", "created_at", "read_at")
        read_only_fields = fields


class HistorySerializer(serializers.Serializer[Any]):
    notification = serializers.SerializerMethodField()
    deliveries = serializers.SerializerMethodField()

    def get_notification(self, told: Any) -> dict[str, Any]:
        return dict(ToldSerializer(told[0]).data)

    def get_deliveries(self, told: Any) -> list[dict[str, Any]]:
        return list(DeliverySerializer(told[1], many=True).data)


class DeliveryStatisticsQuerySerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField(min_value=1, max_value=STATISTICS_DAYS_MAX, default=1)


class DeliveryStatisticsSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    channel = serializers.CharField()
    state = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField()


class TextQuerySerializer(serializers.Serializer[Any]):
    language = serializers.ChoiceField(list(LANGUAGES.items()), default=LANGUAGE_DEFAULT)


class NotificationTextsSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    title = serializers.CharField()
    versions = serializers.DictField(child=serializers.CharField(), help_text="By language.")


class NotificationTextSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    body = serializers.CharField(help_text="Of a push and of the list.")
    text = serializers.CharField(help_text="The mail as plain text.")
    html = serializers.CharField(help_text="The mail as HTML.")
    version = serializers.CharField()


class TryTextSerializer(StrictSerializer):
    language = serializers.ChoiceField(list(LANGUAGES.items()), default=LANGUAGE_DEFAULT)
    channel = serializers.ChoiceField(SENT_CHANNELS)


class TriedSerializer(serializers.Serializer[Any]):
    outcome = serializers.CharField()
    detail = serializers.CharField()


class SegmentSerializer(StrictSerializer):
    country = serializers.RegexField(
        r"^[A-Z]{2}$", required=False, allow_blank=True, default="", max_length=2
    )
    min_age = serializers.IntegerField(required=False, allow_null=True, min_value=18, max_value=120)
    max_age = serializers.IntegerField(required=False, allow_null=True, min_value=18, max_value=120)
    active_days = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=365, help_text="Seen since then."
    )


class WriteBroadcastSerializer(NotificationReasonSerializer):
    kind = serializers.ChoiceField(BROADCAST_KIND_CHOICES)
    title = serializers.CharField(max_length=TITLE_LENGTH_MAX)
    body = serializers.CharField(max_length=BODY_LENGTH_MAX)
    title_hi = serializers.CharField(
        max_length=TITLE_LENGTH_MAX, required=False, allow_blank=True, default=""
    )
    body_hi = serializers.CharField(
        max_length=BODY_LENGTH_MAX, required=False, allow_blank=True, default=""
    )
    segment = SegmentSerializer(required=False, default=dict)
    per_minute = serializers.IntegerField(required=False, min_value=1)


class BroadcastSerializer(serializers.ModelSerializer[Broadcast]):
    class Meta:
        model = Broadcast
        fields = (
            *("id", "kind", "title", "body", "title_hi", "body_hi", "country", "min_age"),
            *("max_age", "active_days", "per_minute", "people", "state", "told", "reason"),
            *("created_by", "created_at", "ended_at"),
        )
        read_only_fields = fields


class BroadcastPreviewSerializer(serializers.Serializer[Any]):
    people = serializers.IntegerField(help_text="In the segment now.")
    preview = NotificationTextSerializer()
