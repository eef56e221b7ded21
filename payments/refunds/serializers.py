"""Wire shapes of refunds. Amounts are in minor units."""

from typing import Any

from rest_framework import serializers

from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.core.serializers import StrictSerializer
from payments.refunds.models import Refund
from payments.refunds.states import UNSETTLED, State
from payments.staff_lists import StaffQuerySerializer

__all__ = [
    "NewRefundSerializer",
    "ReceiptRefundSerializer",
    "StaffRefundSerializer",
    "StaffRefundsQuerySerializer",
]


class ReceiptRefundSerializer(serializers.ModelSerializer[Refund]):
    """As its buyer sees it, who learns nothing of what we decide among ourselves."""

    amount = serializers.IntegerField(source="amount_minor", help_text="Minor units.")
    credits = serializers.IntegerField(help_text="Taken for it, or held while it is pending.")
    status = serializers.SerializerMethodField(help_text="pending, succeeded or failed.")

    class Meta:
        model = Refund
        fields = ("id", "amount", "credits", "status", "created_at", "settled_at")

    def get_status(self, refund: Refund) -> str:
        return State.PENDING.value if refund.state in UNSETTLED else refund.state


class StaffRefundsQuerySerializer(StaffQuerySerializer):
    state = serializers.ChoiceField(required=False, choices=State.choices)
    user_id = serializers.UUIDField(required=False)


class StaffRefundSerializer(serializers.ModelSerializer[Refund]):
    amount = serializers.IntegerField(source="amount_minor", help_text="Minor units.")
    currency = serializers.CharField(source="intent.currency")
    credits = serializers.IntegerField(help_text="Taken for it, or held until it is settled.")

    class Meta:
        model = Refund
        fields = (
            "id",
            "intent_id",
            "user_id",
            "state",
            "amount",
            "currency",
            "credits",
            "provider",
            "provider_ref",
            "failure_code",
            "requested_by",
            "reason",
            "follow_up_at",
            "created_at",
            "settled_at",
        )


class NewRefundSerializer(StrictSerializer):
    amount = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, help_text="Minor units; all that is left."
    )
    reason = serializers.CharField(max_length=REASON_LENGTH_MAX, help_text="For the audit log.")

    def wish(self) -> dict[str, Any]:
        values = self.validated_data
        return {"amount_minor": values.get("amount"), "reason": values["reason"]}
