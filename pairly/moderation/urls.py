"""Routes of moderation, below ``/api/v1/``."""

from django.urls import path

from pairly.moderation import staff_api
from pairly.moderation.api import NoticesView

CASE = "staff/reports/<uuid:case_id>"

urlpatterns = [
    path("moderation/notices", NoticesView.as_view(), name="notices"),
    path("staff/reports", staff_api.CasesView.as_view(), name="staff-cases"),
    path(CASE, staff_api.CaseView.as_view(), name="staff-case"),
    path(f"{CASE}/take", staff_api.TakeView.as_view(), name="staff-case-take"),
    path(f"{CASE}/release", staff_api.ReleaseView.as_view(), name="staff-case-release"),
    path(f"{CASE}/resolve", staff_api.ResolveView.as_view(), name="staff-case-resolve"),
    path(f"{CASE}/dismiss", staff_api.DismissView.as_view(), name="staff-case-dismiss"),
    path(f"{CASE}/restore", staff_api.RestoreView.as_view(), name="staff-case-restore"),
    path(f"{CASE}/refund", staff_api.RefundView.as_view(), name="staff-case-refund"),
    path("staff/moderation/rules", staff_api.RulesView.as_view(), name="staff-moderation-rules"),
]
