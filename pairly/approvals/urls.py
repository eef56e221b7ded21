"""Routes of approvals, below ``/api/v1/``."""

from django.urls import path

from pairly.approvals import api

APPROVAL = "staff/approvals/<uuid:approval_id>"

urlpatterns = [
    path("staff/approvals", api.ApprovalsView.as_view(), name="staff-approvals"),
    path(APPROVAL, api.ApprovalView.as_view(), name="staff-approval"),
    path(f"{APPROVAL}/approve", api.ApproveView.as_view(), name="staff-approve"),
    path(f"{APPROVAL}/reject", api.RejectView.as_view(), name="staff-reject"),
    path(f"{APPROVAL}/withdraw", api.WithdrawView.as_view(), name="staff-withdraw"),
]
