"""Routes of reports, below ``/api/v1/``."""

from django.urls import URLPattern, path

from payments.reports import staff_api

__all__ = ["urlpatterns"]

urlpatterns: list[URLPattern] = [
    path("staff/payments/revenue", staff_api.RevenueView.as_view(), name="staff-revenue"),
    path("staff/payments/liability", staff_api.LiabilityView.as_view(), name="staff-liability"),
    path("staff/payments/statistics", staff_api.StatisticsView.as_view(), name="staff-statistics"),
    path(
        "staff/payments/revenue/export",
        staff_api.ExportRevenueView.as_view(),
        name="staff-export-revenue",
    ),
    path(
        "staff/payments/liability/export",
        staff_api.ExportLiabilityView.as_view(),
        name="staff-export-liability",
    ),
    path(
        "staff/payments/statistics/export",
        staff_api.ExportStatisticsView.as_view(),
        name="staff-export-statistics",
    ),
]
