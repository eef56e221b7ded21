"""Wire shapes of adjustments."""

from typing import Any

from rest_framework import serializers

from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.core.serializers import StrictSerializer
from payments.adjustments.models import Adjustment, Kind
from payments.adjustments.services import ADJUSTED_CREDITS_MAX
from payments.serializers import WalletSerializer

__all__ = ["AdjustSerializer", "AdjustmentResultSerializer", "AdjustmentSerializer"]


class AdjustSerializer(StrictSerializer):
    kind = serializers.ChoiceField(Kind.choices)
    credits = serializers.IntegerField(min_value=1, max_value=ADJUSTED_CREDITS_MAX)
    reason = serializers.CharField(max_length=REASON_LENGTH_MAX, help_text="For the audit log.")
    book_debt = serializers.BooleanField(
        default=False, help_text="Of what is taken, the person owes what is not there."
    )


class AdjustmentSerializer(serializers.ModelSerializer[Adjustment]):
    class Meta:
        model = Adjustment
        fields: tuple[str, ...] = (
            "id",
            "kind",
            "credits",
            "book_debt",
            "reason",
            "state",
            "approval_id",
            "actor_id",
            "created_at",
        )
        read_only_fields = fields


class AdjustmentResultSerializer(serializers.Serializer[Any]):
    adjustment = AdjustmentSerializer()
    wallet = WalletSerializer()
