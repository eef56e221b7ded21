"""Routes of presence below ``/api/v1/``."""

from django.urls import path

from presence.api import HeartbeatView, PresenceView

urlpatterns = [
    path("presence", PresenceView.as_view(), name="presence"),
    path("presence/heartbeat", HeartbeatView.as_view(), name="presence-heartbeat"),
]
