"""What one process commits, the sockets of the others hear: over the channel layer, which loses.

Every process numbers what it tells, and tells something every ``BEAT_SECONDS``, if only that it
is there. So whatever is lost shows: a Redis that was away, a broken connection or a dropped
subscription as a number that is skipped, a process that died before it told as silence. Then the
database is asked what the sockets here have missed, and while nothing comes through at all, not
even what this process tells itself, at every beat.
"""

import asyncio
import logging
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from pairly.realtime.news import Published, packed, unpacked

__all__ = ["Bridge"]

logger = logging.getLogger(__name__)

PROCESS_GROUP = "pairly.realtime"
BEAT_SECONDS = 2
SILENCE_SECONDS = 7
SEND_SECONDS_MAX = 5
RESUBSCRIBE_SECONDS = 1
NEWS_AT_ONCE = 500
NEWS_WAITING_MAX = 20_000

Items = Sequence[Published]


class Bridge:
    """``deliver`` takes what others told; ``look_again`` asks the database what was missed.

    Everything runs on the event loop, but for ``tell_without_loop``.
    """

    def __init__(
        self, deliver: Callable[[Items], None], look_again: Callable[[], Awaitable[None]]
    ) -> None:
        self._deliver, self._look_again = deliver, look_again
        self._process = uuid.uuid4().hex
        self._number = 0
        self._waiting: deque[Published] = deque()
        self._heard: dict[str, tuple[int, float]] = {}
        """Of each process the newest number, and when it came (monotonic seconds)."""
        self._missed = False
        self._failing = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def is_running(self) -> bool:
        return bool(self._tasks)

    def start(self) -> None:
        self._wake = asyncio.Event()
        self._heard[self._process] = (0, time.monotonic())
        parts = (self._tell_others(), self._listen(), self._watch())
        self._tasks = [asyncio.ensure_future(part) for part in parts]

    def tell(self, news: Items) -> None:
        """Queue for the other processes, in order. A layer that does not answer must not gather
        the news of hours: what is too much goes, and a number with it."""
        if len(self._waiting) + len(news) > NEWS_WAITING_MAX:
            self._waiting.clear()
            self._number += 1
        self._waiting.extend(news)
        self._wake.set()

    def tell_without_loop(self, news: Items) -> None:
        """From a command or a worker: no sockets here, only the others to tell."""
        async_to_sync(self._send)([packed(item) for item in news], number=None)

    async def _tell_others(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_SECONDS):
                    await self._wake.wait()
            count = min(len(self._waiting), NEWS_AT_ONCE)
            news = [packed(self._waiting.popleft()) for _ in range(count)]
            if not self._waiting:
                self._wake.clear()
            self._number += 1
            await self._send(news, self._number)

    async def _send(self, news: list[list[Any]], number: int | None) -> None:
        message = {"type": "news", "process": self._process, "number": number, "news": news}
        try:
            async with asyncio.timeout(SEND_SECONDS_MAX):
                await get_channel_layer().group_send(PROCESS_GROUP, message)
        except Exception:
            if not self._failing:
                logger.exception("other processes cannot be told")
            self._failing = True
            return
        if self._failing:
            logger.warning("other processes are told again")
        self._failing = False

    async def _listen(self) -> None:
        channel = ""
        while True:
            try:
                layer = get_channel_layer()
                channel = channel or await layer.new_channel()
                await layer.group_add(PROCESS_GROUP, channel)
                while True:
                    self._hear(await layer.receive(channel))
            except Exception:
                logger.exception("the news of other processes stopped; listening again")
                self._missed = True
                await asyncio.sleep(RESUBSCRIBE_SECONDS)

    def _hear(self, message: dict[str, Any]) -> None:
        process, number = message["process"], message["number"]
        if number is not None:
            before, _at = self._heard.get(process, (None, 0.0))
            self._heard[process] = (number, time.monotonic())
            # Of one that is heard for the first time, something may have been missed as well.
            self._missed = self._missed or before is None or number != before + 1
        if process != self._process:
            self._deliver([unpacked(item) for item in message["news"]])

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self._forget_the_silent()
            if not self._missed:
                continue
            self._missed = False
            try:
                await self._look_again()
            except Exception:
                logger.exception("what was missed could not be read; trying again")
                self._missed = True

    def _forget_the_silent(self) -> None:
        """A process that ended may have left something untold. Never forgets this one: as long as
        it does not hear itself, it hears nobody."""
        before = time.monotonic() - SILENCE_SECONDS
        for process in [one for one, (_number, at) in self._heard.items() if at < before]:
            self._missed = True
            if process != self._process:
                del self._heard[process]
