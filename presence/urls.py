"""Routes of presence below ``/api/v1/``."""

from django.urls import path

from presence.api import HeartbeatView, PresenceView
from presence.staff_api import (
    StaffPresenceCountsView,
    StaffPresenceHistoryView,
    StaffPresencePeopleView,
    StaffPresenceView,
)

urlpatterns = [
    path("presence", PresenceView.as_view(), name="presence"),
    path("presence/heartbeat", HeartbeatView.as_view(), name="presence-heartbeat"),
    path("staff/presence", StaffPresenceView.as_view(), name="staff-presence"),
    path("staff/presence/people", StaffPresencePeopleView.as_view(), name="staff-presence-people"),
    path("staff/presence/counts", StaffPresenceCountsView.as_view(), name="staff-presence-counts"),
    path(
        "staff/presence/users/<uuid:user_id>",
        StaffPresenceHistoryView.as_view(),
        name="staff-presence-history",
    ),
]
