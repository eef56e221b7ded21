"""Wire shapes of prices."""

from typing import Any

from rest_framework import serializers

from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.core.serializers import StrictSerializer
from payments.pricing.models import CreditPrice

__all__ = ["ChangePricesSerializer", "CreditPriceSerializer", "PricesSerializer"]


def _by_media(help_text: str, **options: Any) -> serializers.DictField:
    return serializers.DictField(
        child=serializers.IntegerField(min_value=0), help_text=help_text, **options
    )


class NextPricesSerializer(serializers.Serializer[Any]):
    starts_at = serializers.DateTimeField()
    messages = _by_media("Credits by kind of message.")
    calls = _by_media("Credits a minute by medium.")


class PricesSerializer(serializers.Serializer[Any]):
    messages = _by_media("Credits by kind of message.")
    calls = _by_media("Credits a minute by medium.")
    next = NextPricesSerializer(
        allow_null=True, help_text="All prices as they will be next; null if none will change."
    )


class CreditPriceSerializer(serializers.ModelSerializer[CreditPrice]):
    class Meta:
        model = CreditPrice
        fields = ("id", "item", "media", "credits", "starts_at", "created_at")


class ChangePricesSerializer(StrictSerializer):
    """As ``GET prices`` tells them; what is left out stays as it is."""

    messages = _by_media("Credits by kind of message.", required=False, default=dict)
    calls = _by_media("Credits a minute by medium.", required=False, default=dict)
    starts_at = serializers.DateTimeField(
        required=False, default=None, help_text="Left out: as soon as may be."
    )
    reason = serializers.CharField(max_length=REASON_LENGTH_MAX)
