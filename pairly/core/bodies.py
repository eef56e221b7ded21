"""The outermost limit on request bodies, before Django stores them.

Django's ASGI handler writes a whole body to memory and disk before any middleware runs, however
long it is. This counts while it arrives, and stops at the largest body that any route takes; the
exact limit of a route is ``http.BodyLimitMiddleware``'s.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

from pairly.core.ids import new_request_id
from pairly.core.problems import PROBLEM_MEDIA_TYPE, PayloadTooLarge, problem_body

__all__ = ["LimitedBodies"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[..., Awaitable[None]]


class _TooLarge(Exception):
    """The body went over the limit while it was read; nothing has been answered yet."""


class LimitedBodies:
    """An ASGI application around another: 413 for a body of more than ``bytes_max``."""

    def __init__(self, application: Application, *, bytes_max: int) -> None:
        self._application = application
        self._bytes_max = bytes_max

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if self._announced_bytes(scope) > self._bytes_max:
            await self._refuse(send)
            return
        bytes_left = self._bytes_max

        async def counted() -> Message:
            nonlocal bytes_left
            message = await receive()
            bytes_left -= len(message.get("body", b""))
            if bytes_left < 0:
                raise _TooLarge
            return message

        try:
            await self._application(scope, counted, send)
        except _TooLarge:
            await self._refuse(send)

    @staticmethod
    def _announced_bytes(scope: Message) -> int:
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit():
                return int(value)
        return 0

    async def _refuse(self, send: Send) -> None:
        request_id = new_request_id()
        error = PayloadTooLarge(f"No body may have more than {self._bytes_max} bytes.")
        headers = [
            (b"content-type", PROBLEM_MEDIA_TYPE.encode()),
            (b"x-request-id", request_id.encode()),
            (b"connection", b"close"),  # what is left of the body is not read
        ]
        await send({"type": "http.response.start", "status": error.status, "headers": headers})
        await send(
            {"type": "http.response.body", "body": orjson.dumps(problem_body(error, request_id))}
        )
