"""Wire shapes of what staff see of payments."""

from typing import Any

from rest_framework import serializers

from payments.intents.states import Status
from payments.models import Intent, Observed

__all__ = [
    "StaffIntentSerializer",
    "StaffIntentsQuerySerializer",
    "StaffIntentWithHistorySerializer",
    "StaffQuerySerializer",
]

SEARCH_CHARACTERS_MAX = 254


class StaffQuerySerializer(serializers.Serializer[Any]):
    """What every list of payments may be narrowed by."""

    q = serializers.CharField(
        required=False, max_length=SEARCH_CHARACTERS_MAX, help_text="An exact id or address."
    )
    provider = serializers.CharField(required=False, max_length=16)
    since = serializers.DateTimeField(required=False, help_text="Made at this time or later.")
    until = serializers.DateTimeField(required=False, help_text="Made before this time.")


class StaffIntentsQuerySerializer(StaffQuerySerializer):
    status = serializers.ChoiceField(required=False, choices=Status.choices)


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
