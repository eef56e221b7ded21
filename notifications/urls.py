"""Routes of notifications, below ``/api/v1/``."""

from django.urls import path

from notifications import api, staff_api

STAFF = "staff/notifications"
TEXT = f"{STAFF}/texts/<str:kind>"
BROADCAST = f"{STAFF}/broadcasts/<uuid:broadcast_id>"

urlpatterns = [
    path("notifications", api.NotificationsView.as_view(), name="notifications"),
    path("notifications/unread-count", api.UnreadCountView.as_view()),
    path("notifications/read-all", api.ReadAllView.as_view()),
    path("notifications/preferences", api.PreferencesView.as_view()),
    path("notifications/receipts/<str:token>", api.ReceiptView.as_view()),
    path("notifications/<uuid:notification_id>", api.NotificationView.as_view()),
    path("notifications/<uuid:notification_id>/read", api.ReadView.as_view()),
    path(STAFF, staff_api.DeliveriesView.as_view(), name="staff-deliveries"),
    path(f"{STAFF}/statistics", staff_api.StatisticsView.as_view()),
    path(f"{STAFF}/replay-dead", staff_api.ReplayDeadDeliveriesView.as_view()),
    path(f"{STAFF}/people/<uuid:user_id>", staff_api.HistoryView.as_view()),
    path(f"{STAFF}/texts", staff_api.TextsView.as_view()),
    path(TEXT, staff_api.TextView.as_view()),
    path(f"{TEXT}/test", staff_api.TryTextView.as_view()),
    path(f"{STAFF}/broadcasts", staff_api.BroadcastsView.as_view()),
    path(f"{STAFF}/broadcasts/preview", staff_api.BroadcastPreviewView.as_view()),
    path(BROADCAST, staff_api.BroadcastView.as_view()),
    path(f"{BROADCAST}/stop", staff_api.StopBroadcastView.as_view()),
    path(f"{STAFF}/<uuid:delivery_id>", staff_api.DeliveryView.as_view()),
    path(f"{STAFF}/<uuid:delivery_id>/replay", staff_api.ReplayDeliveryView.as_view()),
]
