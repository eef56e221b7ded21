"""Wire shapes of what staff see of payments."""

from typing import Any

from rest_framework import serializers

from payments.disputes.serializers import StaffDisputeSerializer
from payments.intents.states import Status
from payments.models import Intent, Observed
from payments.packages.services import AMOUNT_MINOR_MAX
from payments.refunds.serializers import StaffRefundSerializer
from payments.serializers import WalletSerializer
from payments.staff_lists import StaffQuerySerializer

__all__ = [
    "FinancesSerializer",
    "StaffIntentSerializer",
    "StaffIntentsQuerySerializer",
    "StaffIntentWithHistorySerializer",
]


class StaffIntentsQuerySerializer(StaffQuerySerializer):
    status = serializers.ChoiceField(required=False, choices=Status.choices)
    user_id = serializers.UUIDField(required=False)
    currency = serializers.CharField(required=False, max_length=3)
    amount = serializers.IntegerField(
        required=False,
        source="amount_minor",
        max_value=AMOUNT_MINOR_MAX,
        help_text="Exactly, in minor units of the currency.",
    )

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if "amount_minor" in values and "currency" not in values:
            raise serializers.ValidationError({"currency": "An amount is of a currency."})
        return values


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
            "refunding_minor",
            "refunded_minor",
            "disputed_minor",
            "lost_minor",
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
            "about",
            "ref",
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
    refunds = StaffRefundSerializer(many=True)
    disputes = StaffDisputeSerializer(many=True)

    class Meta(StaffIntentSerializer.Meta):
        fields = (*StaffIntentSerializer.Meta.fields, "history", "refunds", "disputes")


class TotalSerializer(serializers.Serializer[Any]):
    """Minor units of one currency, over all purchases that were paid."""

    currency = serializers.CharField()
    paid = serializers.IntegerField(source="paid_minor")
    refunded = serializers.IntegerField(source="refunded_minor")
    lost = serializers.IntegerField(source="lost_minor", help_text="To disputes.")


class FinancesSerializer(serializers.Serializer[Any]):
    """The lists hold the newest; all are in `staff/payments`, `refunds` and `disputes` by
    `user_id`."""

    wallet = WalletSerializer()
    totals = TotalSerializer(many=True)
    purchases = StaffIntentSerializer(many=True)
    refunds = StaffRefundSerializer(many=True)
    disputes = StaffDisputeSerializer(many=True)
