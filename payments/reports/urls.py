"""Routes of reports, below ``/api/v1/``."""

from django.urls import URLPattern, path

from payments.reports import staff_api

__all__ = ["urlpatterns"]

urlpatterns: list[URLPattern] = [
    path("staff/payments/revenue", staff_api.RevenueView.as_view(), name="staff-revenue"),
    path("staff/payments/liability", staff_api.LiabilityView.as_view(), name="staff-liability"),
    path("staff/payments/statistics", staff_api.StatisticsView.as_view(), name="staff-statistics"),
]
