"""Socket routes: everything over one, or one feature alone."""

from django.urls import path, re_path

from pairly.realtime.consumers import SocketEndpoint, refuse

__all__ = ["websocket_urlpatterns"]

websocket_urlpatterns = [
    path("ws/", SocketEndpoint("chat", "calls", "presence", "notifications")),
    path("ws/chat/", SocketEndpoint("chat")),
    path("ws/calls/", SocketEndpoint("calls")),
    path("ws/presence/", SocketEndpoint("presence")),
    path("ws/notifications/", SocketEndpoint("notifications")),
    re_path(r"", refuse),
]
