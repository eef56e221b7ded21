"""The stock relay: a Channels consumer that passes messages on through in-memory groups.

It stores nothing, charges nothing and acknowledges nothing: one frame in, one frame out. Serve
``bench.baselines.relay:application``; who connects says so by ``?user=``.
"""

from typing import Any
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import path

__all__ = ["application"]

settings.configure(
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
    ALLOWED_HOSTS=["*"],
)


class RelayConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """Every user is a group of the sockets they have open."""

    async def connect(self) -> None:
        self.user = parse_qs(self.scope["query_string"].decode())["user"][0]
        await self.channel_layer.group_add(f"user.{self.user}", self.channel_name)
        await self.accept()
        await self.send_json({"type": "ready", "data": {"user_id": self.user}})

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(f"user.{self.user}", self.channel_name)

    async def receive_json(self, content: dict[str, Any], **_options: Any) -> None:
        data = content["data"]
        message = {"sender_id": self.user, **data}
        await self.channel_layer.group_send(
            f"user.{data['to_user_id']}", {"type": "relay.message", "message": message}
        )

    async def relay_message(self, event: dict[str, Any]) -> None:
        await self.send_json({"type": "message.new", "data": {"message": event["message"]}})


application = ProtocolTypeRouter({"websocket": URLRouter([path("ws/", RelayConsumer.as_asgi())])})
