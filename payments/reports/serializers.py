"""Wire shapes of reports. Amounts of money are in minor units, days are in UTC."""

from typing import Any

from rest_framework import serializers

from pairly.core.tabular import FORMATS
from payments.reports.models import RevenueDay

__all__ = [
    "DaysQuerySerializer",
    "LiabilityExportQuerySerializer",
    "LiabilitySerializer",
    "RevenueDaySerializer",
    "RevenueExportQuerySerializer",
    "RevenueQuerySerializer",
    "RevenueSerializer",
    "RevenueTotalSerializer",
    "StatisticsExportQuerySerializer",
    "StatisticsQuerySerializer",
    "PurchaseStatisticsSerializer",
]

MONEY = ("gross_minor", "refunds_minor", "disputes_minor", "fees_minor", "net_minor")


class DaysQuerySerializer(serializers.Serializer[Any]):
    first = serializers.DateField(required=False, default=None, help_text="30 days before `last`.")
    last = serializers.DateField(required=False, default=None, help_text="Included; today.")


class RevenueQuerySerializer(DaysQuerySerializer):
    provider = serializers.CharField(required=False, default="", max_length=16)
    package = serializers.CharField(required=False, default="", max_length=32)
    currency = serializers.CharField(required=False, default="", max_length=3)


class StatisticsQuerySerializer(DaysQuerySerializer):
    provider = serializers.CharField(required=False, default="", max_length=16)


class RevenueExportQuerySerializer(RevenueQuerySerializer):
    format = serializers.ChoiceField(FORMATS, default="csv")


class LiabilityExportQuerySerializer(DaysQuerySerializer):
    format = serializers.ChoiceField(FORMATS, default="csv")


class StatisticsExportQuerySerializer(StatisticsQuerySerializer):
    format = serializers.ChoiceField(FORMATS, default="csv")


class RevenueDaySerializer(serializers.ModelSerializer[RevenueDay]):
    net_minor = serializers.IntegerField()

    class Meta:
        model = RevenueDay
        fields = ("day", "provider", "package", "currency", "purchases", *MONEY)


class RevenueTotalSerializer(serializers.Serializer[Any]):
    currency = serializers.CharField()
    purchases = serializers.IntegerField()
    gross_minor = serializers.IntegerField()
    refunds_minor = serializers.IntegerField()
    disputes_minor = serializers.IntegerField()
    fees_minor = serializers.IntegerField()
    net_minor = serializers.IntegerField()


class RevenueSerializer(serializers.Serializer[Any]):
    complete_before = serializers.DateField(
        help_text="Days before it are counted, and their fees are known."
    )
    totals = RevenueTotalSerializer(many=True, help_text="Of all the days, by currency.")
    results = RevenueDaySerializer(many=True)
    next = serializers.URLField(allow_null=True)


class PocketsSerializer(serializers.Serializer[Any]):
    asset = serializers.CharField()
    paid = serializers.IntegerField()
    bonus = serializers.IntegerField()
    earnings = serializers.IntegerField()
    debt = serializers.IntegerField(help_text="Owed by people.")
    held = serializers.IntegerField(help_text="A part of the others, set aside.")


class LiabilityDaySerializer(PocketsSerializer):
    day = serializers.DateField()


class LiabilitySerializer(serializers.Serializer[Any]):
    through = serializers.DateTimeField(help_text="`now` is as of then.")
    complete_before = serializers.DateField(help_text="Days before it are counted.")
    now = PocketsSerializer(many=True)
    results = LiabilityDaySerializer(many=True, source="days", help_text="At each day's end.")
    next = serializers.URLField(allow_null=True, default=None, help_text="One page; always null.")


class FunnelSerializer(serializers.Serializer[Any]):
    begun = serializers.IntegerField()
    paid = serializers.IntegerField()
    conversion = serializers.FloatField(allow_null=True, help_text="Percent.")


class FunnelDaySerializer(FunnelSerializer):
    day = serializers.DateField()


class FunnelProviderSerializer(FunnelSerializer):
    provider = serializers.CharField()


class PurchaseStatisticsSerializer(serializers.Serializer[Any]):
    """Of the purchases that were begun in these days, as they stand."""

    through = serializers.DateTimeField(help_text="When the newest days were counted.")
    complete_before = serializers.DateField()
    begun = serializers.IntegerField()
    paid = serializers.IntegerField()
    statuses = serializers.DictField(child=serializers.IntegerField())
    declines = serializers.DictField(
        child=serializers.IntegerField(), help_text="By why the last attempt failed."
    )
    providers = FunnelProviderSerializer(many=True)
    results = FunnelDaySerializer(many=True, source="days")
    next = serializers.URLField(allow_null=True, default=None, help_text="One page; always null.")
