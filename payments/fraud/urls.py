"""``/api/v1/staff/fraud``."""

from django.urls import URLPattern, path

from payments.fraud import staff_api

urlpatterns: list[URLPattern] = [
    path("staff/fraud/checks", staff_api.ChecksView.as_view(), name="staff-fraud-checks"),
    path(
        "staff/fraud/checks/<uuid:check_id>",
        staff_api.CheckView.as_view(),
        name="staff-fraud-check",
    ),
    path("staff/fraud/reviews", staff_api.ReviewsView.as_view(), name="staff-fraud-reviews"),
    path(
        "staff/fraud/reviews/<uuid:review_id>",
        staff_api.ReviewView.as_view(),
        name="staff-fraud-review",
    ),
    path(
        "staff/fraud/reviews/<uuid:review_id>/approve",
        staff_api.ApproveView.as_view(),
        name="staff-approve-review",
    ),
    path(
        "staff/fraud/reviews/<uuid:review_id>/reject",
        staff_api.RejectView.as_view(),
        name="staff-reject-review",
    ),
    path("staff/fraud/rules", staff_api.RuleSetsView.as_view(), name="staff-fraud-rules"),
    path(
        "staff/fraud/rules/<int:version>",
        staff_api.RuleSetView.as_view(),
        name="staff-fraud-rule-set",
    ),
]
