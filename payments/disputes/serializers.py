"""Wire shapes of disputes. Amounts are in minor units."""

from rest_framework import serializers

from payments.disputes.models import Dispute
from payments.disputes.states import State
from payments.staff_lists import StaffQuerySerializer

__all__ = ["StaffDisputeSerializer", "StaffDisputesQuerySerializer"]


class StaffDisputesQuerySerializer(StaffQuerySerializer):
    state = serializers.ChoiceField(required=False, choices=State.choices)
    user_id = serializers.UUIDField(required=False)


class StaffDisputeSerializer(serializers.ModelSerializer[Dispute]):
    amount = serializers.IntegerField(source="amount_minor", help_text="Minor units.")
    currency = serializers.CharField(source="intent.currency")
    credits = serializers.IntegerField(help_text="Taken if it is lost; held as far as they are.")

    class Meta:
        model = Dispute
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
            "reason",
            "created_at",
            "closed_at",
        )
