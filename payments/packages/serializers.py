"""Wire shapes of packages, for staff. Amounts are in minor units."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.core.serializers import StrictSerializer
from payments.packages.models import Package, Price
from payments.packages.selectors import prices_of

__all__ = ["ChangePackageSerializer", "NewPackageSerializer", "StaffPackageSerializer"]


class PriceSerializer(serializers.ModelSerializer[Price]):
    amount = serializers.IntegerField(source="amount_minor", help_text="Minor units.")

    class Meta:
        model = Price
        fields = ("currency", "amount", "starts_at", "created_at")


class StaffPackageSerializer(serializers.ModelSerializer[Package]):
    prices = serializers.SerializerMethodField(
        help_text="Every price that it had or will have, the latest start first."
    )

    class Meta:
        model = Package
        fields = ("code", "credits", "offered", "prices", "created_at")

    @extend_schema_field(PriceSerializer(many=True))
    def get_prices(self, package: Package) -> Any:
        return PriceSerializer(prices_of(package.code), many=True).data


class _PackageSerializer(StrictSerializer):
    prices = serializers.DictField(
        child=serializers.IntegerField(min_value=1), help_text="Minor units by currency."
    )
    reason = serializers.CharField(max_length=REASON_LENGTH_MAX, help_text="For the audit log.")


class NewPackageSerializer(_PackageSerializer):
    code = serializers.CharField(max_length=32, help_text="For programs; it never changes.")
    credits = serializers.IntegerField(min_value=1)


class ChangePackageSerializer(_PackageSerializer):
    """What is left out stays as it is."""

    credits = serializers.IntegerField(min_value=1, required=False, default=None)
    offered = serializers.BooleanField(required=False, default=None)
    prices = serializers.DictField(
        child=serializers.IntegerField(min_value=1),
        required=False,
        default=dict,
        help_text="Minor units by currency.",
    )
    starts_at = serializers.DateTimeField(
        required=False, default=None, help_text="Of the prices. Left out: now."
    )
