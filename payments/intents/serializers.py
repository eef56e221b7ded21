"""Wire shapes of packages, intents and receipts. Amounts are in minor units."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from pairly.core import clock
from pairly.core.serializers import StrictSerializer
from payments.currencies import CURRENCIES
from payments.gateways.registry import gateway_named, provider_names
from payments.intents.models import Intent
from payments.intents.states import Status
from payments.refunds.serializers import ReceiptRefundSerializer

__all__ = [
    "IntentSerializer",
    "NewIntentSerializer",
    "PackageSerializer",
    "PurchaseReceiptSerializer",
]


class PackageSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    credits = serializers.IntegerField()
    prices = serializers.DictField(
        child=serializers.IntegerField(), help_text="Minor units by currency."
    )


class NewIntentSerializer(StrictSerializer):
    package = serializers.CharField(max_length=32)
    provider = serializers.CharField(max_length=16)
    currency = serializers.ChoiceField(
        choices=list(CURRENCIES), default=lambda: settings.CURRENCY_DEFAULT
    )


class NextActionSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["open_url"])
    url = serializers.URLField()


class IntentSerializer(serializers.ModelSerializer[Intent]):
    """``client_secret`` and ``next_action`` are there as long as it can be paid."""

    package = serializers.CharField(source="package_id")
    amount = serializers.IntegerField(source="amount_minor", help_text="Minor units.")
    refunded_amount = serializers.IntegerField(
        source="refunded_minor", help_text="Of the amount, what was given back."
    )
    refunding_amount = serializers.IntegerField(
        source="refunding_minor", help_text="Of the amount, what is on its way back."
    )
    status = serializers.ChoiceField(choices=Status.choices)
    provider_ref = serializers.SerializerMethodField(help_text="Null while status is unknown.")
    client_secret = serializers.SerializerMethodField()
    next_action = serializers.SerializerMethodField()
    failure_code = serializers.SerializerMethodField(help_text="Of the last declined attempt.")
    receipt_id = serializers.SerializerMethodField()

    class Meta:
        model = Intent
        fields = (
            "id",
            "status",
            "provider",
            "provider_ref",
            "client_secret",
            "next_action",
            "package",
            "credits",
            "amount",
            "refunded_amount",
            "refunding_amount",
            "currency",
            "failure_code",
            "receipt_id",
            "created_at",
            "expires_at",
            "paid_at",
        )

    def get_client_secret(self, intent: Intent) -> str | None:
        return intent.client_secret or None if intent.is_payable_at(clock.now()) else None

    @extend_schema_field(NextActionSerializer(allow_null=True))
    def get_next_action(self, intent: Intent) -> dict[str, str] | None:
        if not intent.is_payable_at(clock.now()) or intent.provider not in provider_names():
            return None
        path = gateway_named(intent.provider).payment_page(intent.pk)
        if path is None:
            return None
        return {"type": "open_url", "url": self.context["request"].build_absolute_uri(path)}

    def get_provider_ref(self, intent: Intent) -> str | None:
        return intent.provider_ref or None

    def get_failure_code(self, intent: Intent) -> str | None:
        return intent.failure_code or None

    def get_receipt_id(self, intent: Intent) -> str | None:
        return str(intent.pk) if intent.paid_at else None


class PurchaseReceiptSerializer(serializers.Serializer[Any]):
    """Of a receipt, its intent and what was given back of it."""

    id = serializers.UUIDField(source="intent.id")
    number = serializers.IntegerField(source="receipt.number", help_text="From 1, without gaps.")
    intent_id = serializers.UUIDField(source="intent.id")
    issued_at = serializers.DateTimeField(source="receipt.created_at")
    package = serializers.CharField(source="intent.package_id")
    credits = serializers.IntegerField(source="intent.credits")
    amount = serializers.IntegerField(source="intent.amount_minor", help_text="Minor units.")
    refunded_amount = serializers.IntegerField(source="intent.refunded_minor")
    currency = serializers.CharField(source="intent.currency")
    provider = serializers.CharField(source="intent.provider")
    provider_ref = serializers.CharField(source="intent.provider_ref")
    refunds = ReceiptRefundSerializer(many=True)
