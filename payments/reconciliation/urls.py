"""Routes of reconciliation, below ``/api/v1/``."""

from django.urls import URLPattern, path

from payments.reconciliation import staff_api

__all__ = ["urlpatterns"]

BREAK = "staff/reconciliation/breaks/<uuid:break_id>"

urlpatterns: list[URLPattern] = [
    path(
        "staff/reconciliation/runs",
        staff_api.ReconciliationsView.as_view(),
        name="staff-reconciliations",
    ),
    path("staff/reconciliation/breaks", staff_api.BreaksView.as_view(), name="staff-breaks"),
    path(BREAK, staff_api.BreakView.as_view(), name="staff-break"),
    path(f"{BREAK}/assign", staff_api.AssignBreakView.as_view(), name="staff-assign-break"),
    path(f"{BREAK}/explain", staff_api.ExplainBreakView.as_view(), name="staff-explain-break"),
    path(f"{BREAK}/resolve", staff_api.ResolveBreakView.as_view(), name="staff-resolve-break"),
]
