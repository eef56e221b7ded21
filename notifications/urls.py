"""Routes of notifications, below ``/api/v1/``."""

from django.urls import path

from notifications import api

urlpatterns = [
    path("notifications", api.NotificationsView.as_view(), name="notifications"),
    path("notifications/unread-count", api.UnreadCountView.as_view()),
    path("notifications/read-all", api.ReadAllView.as_view()),
    path("notifications/preferences", api.PreferencesView.as_view()),
    path("notifications/<uuid:notification_id>", api.NotificationView.as_view()),
    path("notifications/<uuid:notification_id>/read", api.ReadView.as_view()),
]
