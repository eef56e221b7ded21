"""The socket of the plain way: a stock consumer that speaks the frames the load needs."""

from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from bench.baselines.plain import services

__all__ = ["ChatConsumer"]


class ChatConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """Every user is a group of the sockets they have open."""

    async def connect(self) -> None:
        self.user = parse_qs(self.scope["query_string"].decode())["user"][0]
        await self.channel_layer.group_add(f"user.{self.user}", self.channel_name)
        await self.accept()
        await self.send_json({"type": "ready", "data": {"user_id": self.user}})

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(f"user.{self.user}", self.channel_name)

    async def receive_json(self, content: dict[str, Any], **_options: Any) -> None:
        if content["type"] == "message.send":
            await self.send_message(content)
        elif content["type"] == "receipt.update":
            await self.update_receipt(content["data"])

    async def send_message(self, content: dict[str, Any]) -> None:
        receiver, message = await database_sync_to_async(services.send_message)(
            self.user, content["data"]
        )
        data = {"message": message}
        await self.send_json({"type": "ack", "id": content["id"], "data": data})
        await self.tell(receiver, "message.new", data)

    async def update_receipt(self, data: dict[str, Any]) -> None:
        sender = await database_sync_to_async(services.mark_delivered)(
            self.user, data["conversation_id"], data["delivered_seq"]
        )
        await self.tell(sender, "receipt.updated", {**data, "user_id": self.user})

    async def tell(self, user: str, event_type: str, data: dict[str, Any]) -> None:
        frame = {"type": event_type, "data": data}
        await self.channel_layer.group_send(f"user.{user}", {"type": "push", "frame": frame})

    async def push(self, event: dict[str, Any]) -> None:
        await self.send_json(event["frame"])
