"""Wire shapes of what staff see of payments."""

from typing import Any

from rest_framework import serializers

from payments.intents.states import Status
from payments.models import Intent, Observed, Webhook

__all__ = [
    "StaffIntentSerializer",
    "StaffIntentsQuerySerializer",
    "StaffIntentWithHistorySerializer",
    "StaffWebhookSerializer",
    "StaffWebhookWithBodySerializer",
    "StaffWebhooksQuerySerializer",
]

SEARCH_CHARACTERS_MAX = 254


class _QuerySerializer(serializers.Serializer[Any]):
    q = serializers.CharField(
        required=False, max_length=SEARCH_CHARACTERS_MAX, help_text="An exact id or address."
    )
    provider = serializers.CharField(required=False, max_length=16)
    since = serializers.DateTimeField(required=False, help_text="Made at this time or later.")
    until = serializers.DateTimeField(required=False, help_text="Made before this time.")


class StaffIntentsQuerySerializer(_QuerySerializer):
    status = serializers.ChoiceField(required=False, choices=Status.choices)


class StaffWebhooksQuerySerializer(_QuerySerializer):
    state = serializers.ChoiceField(required=False, choices=Webhook.State.choices)


class StaffIntentSerializer(serializers.ModelSerializer[Intent]):
    package = serializers.CharField(source="package_id")
    amount = serializers.IntegerField(source="amount_minor", help_text="Minor units.")

    class Meta:
        model = Intent
        fields: tuple[str, ...] = (
            "id",
            "user_id",
            "status",
            "provider",
            "provider_ref",
            "package",
            "credits",
            "amount",
            "currency",
            "failure_code",
            "created_at",
            "expires_at",
            "follow_up_at",
            "paid_at",
        )


class ObservedSerializer(serializers.ModelSerializer[Observed]):
    amount = serializers.IntegerField(source="amount_minor", allow_null=True)

    class Meta:
        model = Observed
        fields = (
            "id",
            "source",
            "status",
            "amount",
            "currency",
            "verdict",
            "reason",
            "observed_at",
            "created_at",
        )


class StaffIntentWithHistorySerializer(StaffIntentSerializer):
    history = ObservedSerializer(many=True)

    class Meta(StaffIntentSerializer.Meta):
        fields = (*StaffIntentSerializer.Meta.fields, "history")


class StaffWebhookSerializer(serializers.ModelSerializer[Webhook]):
    class Meta:
        model = Webhook
        fields: tuple[str, ...] = (
            "id",
            "provider",
            "event_id",
            "type",
            "state",
            "attempts",
            "due_at",
            "last_error",
            "intent_id",
            "created_at",
            "processed_at",
        )


class StaffWebhookWithBodySerializer(StaffWebhookSerializer):
    class Meta(StaffWebhookSerializer.Meta):
        fields = (*StaffWebhookSerializer.Meta.fields, "headers", "body")
