"""A mail server of our own: it takes mails over real SMTP, and refuses as it is told."""

import asyncio
from collections import deque
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from threading import Event, Thread
from typing import Any

from aiosmtpd.smtp import SMTP

__all__ = ["HANG", "PostOffice"]

HANG = "hang"
HANG_SECONDS_MAX = 60


class PostOffice:
    """``rcpt`` and ``data`` are what is said next to RCPT TO and to DATA, in order."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.rcpt: deque[str] = deque()
        self.data: deque[str] = deque()
        self.sessions = 0
        self._stopped = Event()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()
        serving = self._loop.create_server(self._session, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result(30)
        self.port: int = self._server.sockets[0].getsockname()[1]

    def _session(self) -> SMTP:
        return SMTP(self, hostname="post", enable_SMTPUTF8=True, loop=self._loop)

    def stop(self) -> None:
        self._stopped.set()
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def handle_EHLO(
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.sessions += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        said = self.rcpt.popleft() if self.rcpt else "250 OK"
        if said == HANG:
            await asyncio.to_thread(self._stopped.wait, HANG_SECONDS_MAX)
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        said = self.data.popleft() if self.data else "250 Taken"
        if said.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=default))
        return said
