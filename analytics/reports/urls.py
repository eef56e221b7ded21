"""Routes of reports, below ``/api/v1/``."""

from django.urls import path

from analytics.reports.api import (
    ExportView,
    LiveView,
    SavedReportsView,
    SavedReportView,
    UsageView,
    report_view,
)

ABOUT = {
    "active-users": "People active on each day, and in the 7 and 28 days that end with it.",
    "growth": "New, returning, resurrected and dormant people by period.",
    "churn": "Of who was active in a period, how many were not in the next.",
    "retention": "How many come back after so many periods, all cohorts together.",
    "cohorts": "How many come back after so many periods, cohort by cohort.",
    "funnels": "Who took some steps one after the other, and how long it took them.",
    "features": "How often each event happened, and to how many people.",
    "acquisition": "Who registered, and how many of them wrote a message.",
    "messaging": "Messages and conversations by period.",
    "calling": "Calls by period: how many connect, how long they last, how good they are.",
    "revenue": "What was paid by period and currency, and what that is for each person.",
    "lifetime": "What the people of a cohort have paid since they registered.",
}

urlpatterns = [
    *(
        path(f"analytics/{kind}", report_view(kind, about).as_view(), name=f"analytics-{kind}")
        for kind, about in ABOUT.items()
    ),
    path("analytics/me", UsageView.as_view(), name="analytics-me"),
    path("analytics/live", LiveView.as_view(), name="analytics-live"),
    path("analytics/export", ExportView.as_view(), name="analytics-export"),
    path("analytics/reports", SavedReportsView.as_view(), name="analytics-reports"),
    path("analytics/reports/<uuid:report_id>", SavedReportView.as_view(), name="analytics-report"),
]
