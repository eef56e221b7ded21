"""Routes of mails, below ``/api/v1/``."""

from django.urls import path

from notifications.mail.api import MailEventsView, UnsubscribeView
from notifications.mail.staff_api import LiftSuppressionView, SuppressionsView

urlpatterns = [
    path("notifications/unsubscribe/<str:token>", UnsubscribeView.as_view(), name="unsubscribe"),
    path("notifications/mail-events/<slug:provider>", MailEventsView.as_view(), name="mail-events"),
    path(
        "staff/notifications/suppressions",
        SuppressionsView.as_view(),
        name="staff-suppressions",
    ),
    path(
        "staff/notifications/suppressions/<uuid:suppression_id>/lift",
        LiftSuppressionView.as_view(),
        name="staff-suppression-lift",
    ),
]
