"""Socket routes: everything over one, or one feature alone."""

from typing import Any

from django.urls import path

from pairly.realtime.consumers import SocketEndpoint, refuse

__all__ = ["SOCKETS", "websocket_urlpatterns"]

ALL_FEATURES = ("chat", "calls", "presence", "notifications")


def _route(pattern: str, application: Any) -> Any:
    """Django's types know views alone; Channels routes ASGI applications the same way."""
    return path(pattern, application)


SOCKETS: list[Any] = [
    _route("ws/", SocketEndpoint(*ALL_FEATURES)),
    *(_route(f"ws/{feature}/", SocketEndpoint(feature)) for feature in ALL_FEATURES),
]
websocket_urlpatterns = [*SOCKETS, _route("", refuse), _route("<path:anything>", refuse)]
