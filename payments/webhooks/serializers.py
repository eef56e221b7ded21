"""Wire shapes of providers' events."""

from typing import Any

from rest_framework import serializers

from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.core.serializers import StrictSerializer
from payments.gateways.registry import provider_names
from payments.staff_lists import StaffQuerySerializer
from payments.webhooks.models import Webhook

__all__ = [
    "WebhookDecisionSerializer",
    "ReceivedSerializer",
    "ReplayDeadSerializer",
    "ReplayedSerializer",
    "StaffWebhookSerializer",
    "StaffWebhookWithBodySerializer",
    "StaffWebhooksQuerySerializer",
]


class ReceivedSerializer(serializers.Serializer[Any]):
    received = serializers.BooleanField()
    duplicate = serializers.BooleanField(help_text="It came before; there is nothing to do.")


class StaffWebhooksQuerySerializer(StaffQuerySerializer):
    state = serializers.ChoiceField(required=False, choices=Webhook.State.choices)


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
            "replays",
            "due_at",
            "last_error",
            "intent_id",
            "created_at",
            "processed_at",
        )


class StaffWebhookWithBodySerializer(StaffWebhookSerializer):
    class Meta(StaffWebhookSerializer.Meta):
        fields = (*StaffWebhookSerializer.Meta.fields, "headers", "body")


class WebhookDecisionSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=REASON_LENGTH_MAX, help_text="For the audit log.")


class ReplayDeadSerializer(WebhookDecisionSerializer):
    provider = serializers.CharField(
        required=False, max_length=16, help_text="Absent: of all providers."
    )

    def validate_provider(self, provider: str) -> str:
        if provider not in provider_names():
            raise serializers.ValidationError("This provider is not served.", "invalid_choice")
        return provider


class ReplayedSerializer(serializers.Serializer[Any]):
    replayed = serializers.IntegerField()
