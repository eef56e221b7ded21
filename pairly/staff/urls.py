"""Staff routes of what lies below the staff site, below ``/api/v1/``. Apps above have their own."""

from django.urls import path

from pairly.staff.api import alerts, system, users

PERSON = "staff/users/<uuid:user_id>"

urlpatterns = [
    path("staff/users", users.UsersView.as_view(), name="staff-users"),
    path(PERSON, users.PersonView.as_view(), name="staff-user"),
    path(f"{PERSON}/sign-ins", users.SignInsView.as_view(), name="staff-sign-ins"),
    path(
        f"{PERSON}/sign-ins/<uuid:device_id>/end",
        users.EndSignInView.as_view(),
        name="staff-end-sign-in",
    ),
    path(f"{PERSON}/sign-in-attempts", users.AttemptsView.as_view(), name="staff-attempts"),
    path(f"{PERSON}/reports", users.ReportsAboutView.as_view(), name="staff-reports-about"),
    path(f"{PERSON}/reports-made", users.ReportsByView.as_view(), name="staff-reports-made"),
    path(f"{PERSON}/notes", users.NotesView.as_view(), name="staff-notes"),
    path(f"{PERSON}/transactions", users.TransactionsView.as_view(), name="staff-transactions"),
    path(f"{PERSON}/suspend", users.SuspendView.as_view(), name="staff-suspend"),
    path(f"{PERSON}/restore", users.RestoreView.as_view(), name="staff-restore"),
    path(f"{PERSON}/restrict", users.RestrictView.as_view(), name="staff-restrict"),
    path(f"{PERSON}/unrestrict", users.UnrestrictView.as_view(), name="staff-unrestrict"),
    path(f"{PERSON}/end-sessions", users.EndSignInsView.as_view(), name="staff-end-sessions"),
    path(f"{PERSON}/unlock", users.UnlockView.as_view(), name="staff-unlock"),
    path(
        f"{PERSON}/reset-second-factor",
        users.ResetSecondFactorView.as_view(),
        name="staff-reset-second-factor",
    ),
    path("staff/alerts", alerts.AlertsView.as_view(), name="staff-alerts"),
    path(
        "staff/alerts/<uuid:alert_id>/acknowledge",
        alerts.AcknowledgeAlertView.as_view(),
        name="staff-acknowledge-alert",
    ),
    path(
        "staff/alerts/<uuid:alert_id>/resolve",
        alerts.ResolveAlertView.as_view(),
        name="staff-resolve-alert",
    ),
    path("staff/audit", system.AuditView.as_view(), name="staff-audit"),
    path("staff/outbox", system.OutboxView.as_view(), name="staff-outbox"),
    path("staff/outbox/<uuid:event_id>/retry", system.RetryView.as_view(), name="staff-retry"),
    path(
        "staff/outbox/<uuid:event_id>/discard", system.DiscardView.as_view(), name="staff-discard"
    ),
    path("staff/jobs", system.JobsView.as_view(), name="staff-jobs"),
    path("staff/jobs/<str:name>/run", system.RunJobView.as_view(), name="staff-run-job"),
    path("staff/roles", system.RolesView.as_view(), name="staff-roles"),
    path(
        "staff/roles/<uuid:user_id>/<str:role>/take",
        system.TakeRoleView.as_view(),
        name="staff-take-role",
    ),
]
