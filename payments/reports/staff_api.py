"""``/api/v1/staff/payments/revenue``, ``liability`` and ``statistics``."""

from typing import Any, ClassVar

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.accounts.permissions import StaffPermission
from pairly.core import clock
from pairly.core.days import days_asked
from pairly.core.pagination import PAGE_PARAMETERS, PairlyCursorPagination
from pairly.core.tabular import CONTENT_TYPES
from payments.reports.files import download
from payments.reports.selectors import (
    liability,
    revenue_complete_before,
    revenue_rows,
    revenue_totals,
    statistics,
)
from payments.reports.serializers import (
    DaysQuerySerializer,
    LiabilityExportQuerySerializer,
    LiabilitySerializer,
    PurchaseStatisticsSerializer,
    RevenueDaySerializer,
    RevenueExportQuerySerializer,
    RevenueQuerySerializer,
    RevenueSerializer,
    RevenueTotalSerializer,
    StatisticsExportQuerySerializer,
    StatisticsQuerySerializer,
)
from payments.staff_lists import wanted

__all__ = [
    "ExportLiabilityView",
    "ExportRevenueView",
    "ExportStatisticsView",
    "LiabilityView",
    "RevenueView",
    "StatisticsView",
]

VIEW: Any = (StaffPermission("payments.view"),)
EXPORT: Any = (StaffPermission("exports.act"),)
FILES = {(200, content_type): OpenApiTypes.STR for content_type in CONTENT_TYPES.values()}


@extend_schema(tags=["staff"])
class RevenueView(APIView):
    permission_classes = VIEW
    ordering = ("-id",)

    @extend_schema(
        parameters=[RevenueQuerySerializer, *PAGE_PARAMETERS], responses=RevenueSerializer
    )
    def get(self, request: Request) -> Response:
        """What was earned by day, provider, package and currency, the newest day first."""
        asked = wanted(RevenueQuerySerializer, request)
        days = days_asked(asked.pop("first"), asked.pop("last"), clock.now())
        rows = revenue_rows(days, **asked)
        pages = PairlyCursorPagination()
        page = pages.paginate_queryset(rows, request, self)
        answer = pages.get_paginated_response(RevenueDaySerializer(page, many=True).data)
        totals = RevenueTotalSerializer(revenue_totals(rows), many=True).data
        answer.data |= {"complete_before": revenue_complete_before(), "totals": totals}
        return answer


@extend_schema(tags=["staff"])
class LiabilityView(APIView):
    permission_classes = VIEW

    @extend_schema(
        parameters=[DaysQuerySerializer],
        responses=LiabilitySerializer,
        operation_id="staff_payments_liability",
    )
    def get(self, request: Request) -> Response:
        """What people own in credits, all together: now, and at the end of each day."""
        asked = wanted(DaysQuerySerializer, request)
        days = days_asked(asked["first"], asked["last"], clock.now())
        return Response(LiabilitySerializer(liability(days)).data)


@extend_schema(tags=["staff"])
class StatisticsView(APIView):
    permission_classes = VIEW

    @extend_schema(
        parameters=[StatisticsQuerySerializer],
        responses=PurchaseStatisticsSerializer,
        operation_id="staff_payments_statistics",
    )
    def get(self, request: Request) -> Response:
        """How the purchases fare that were begun in these days."""
        asked = wanted(StatisticsQuerySerializer, request)
        days = days_asked(asked["first"], asked["last"], clock.now())
        return Response(
            PurchaseStatisticsSerializer(statistics(days, provider=asked["provider"])).data
        )


class _ExportView(APIView):
    permission_classes = EXPORT
    report: ClassVar[str]
    query: ClassVar[type[DaysQuerySerializer]]

    def get(self, request: Request) -> HttpResponseBase:
        asked = wanted(self.query, request)
        days = days_asked(asked.pop("first"), asked.pop("last"), clock.now())
        format = asked.pop("format")
        return download(request, self.report, days, asked, format)


@extend_schema(tags=["staff"], parameters=[RevenueExportQuerySerializer], responses=FILES)
class ExportRevenueView(_ExportView):
    """Revenue by day, provider, package and currency as a file; noted in the audit log."""

    report, query = "revenue", RevenueExportQuerySerializer


@extend_schema(tags=["staff"], parameters=[LiabilityExportQuerySerializer], responses=FILES)
class ExportLiabilityView(_ExportView):
    """What people owned in credits at each day's end as a file; noted in the audit log."""

    report, query = "liability", LiabilityExportQuerySerializer


@extend_schema(tags=["staff"], parameters=[StatisticsExportQuerySerializer], responses=FILES)
class ExportStatisticsView(_ExportView):
    """Purchases by day, provider, state and decline as a file; noted in the audit log."""

    report, query = "statistics", StatisticsExportQuerySerializer
