"""Two people with a socket each, one writing and the other confirming, checked frame by frame."""

import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

__all__ = ["Frame", "Pair", "Person", "Socket", "Tally"]

TEXT = (
    "What people write to each other is short, so this text has one hundred characters, no more, "
    "no less."
)


@dataclass(frozen=True, slots=True)
class Person:
    """Who connects, and how they say so: by query (baselines) or by headers (Pairly). ``url`` is
    where, if not at the one server that there is."""

    id: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    url: str | None = None


@dataclass(slots=True)
class Tally:
    """What all pairs saw since it was last cleared; times in seconds."""

    acks: list[float] = field(default_factory=list)
    deliveries: list[float] = field(default_factory=list)
    receipts: list[float] = field(default_factory=list)
    behind: list[float] = field(default_factory=list)
    counted: int = 0

    def clear(self) -> None:
        for seconds in (self.acks, self.deliveries, self.receipts, self.behind):
            seconds.clear()
        self.counted = 0


class Message(msgspec.Struct):
    """The part of a pushed or acked message that the load looks at."""

    client_id: str
    seq: int = 0
    conversation_id: str = ""


class Call(msgspec.Struct):
    id: str
    status: str


class Data(msgspec.Struct):
    call: Call | None = None
    message: Message | None = None
    delivered_seq: int = 0


class Frame(msgspec.Struct):
    type: str
    id: str | None = None
    data: Data | None = None


Handler = Callable[[Frame], None]


@dataclass(slots=True, eq=False)
class Sent:
    """One message on its way."""

    at: float
    waits_for_ack: bool
    waits_for_receipt: bool = True


class Socket(WSListener):
    """A socket that hands each frame to the handler of its type; others are ignored."""

    def __init__(self, handlers: dict[str, Handler]) -> None:
        self.is_ready = False
        self.failure: str | None = None
        self._is_closing = False
        self._transport: WSTransport | None = None
        self._decode = msgspec.json.Decoder(Frame).decode
        self._handlers = {"ready": self._on_ready, **handlers}

    async def connect(self, url: str, person: Person) -> None:
        self._transport, _ = await ws_connect(
            lambda: self, (person.url or url) + person.query, extra_headers=dict(person.headers)
        )

    def send(self, frame: str) -> None:
        assert self._transport is not None
        self._transport.send(WSMsgType.TEXT, frame.encode())

    def close(self) -> None:
        self._is_closing = True
        if self._transport is not None:
            self._transport.disconnect()

    def fail(self, reason: str) -> None:
        if self.failure is None:
            self.failure = reason

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            decoded = self._decode(frame.get_payload_as_memoryview())
            handler = self._handlers.get(decoded.type)
            if handler is not None:
                handler(decoded)
            elif decoded.type == "error":
                self.fail(frame.get_payload_as_utf8_text())
        elif frame.msg_type == WSMsgType.CLOSE and not self._is_closing:
            self.fail(f"the server closed: {frame.get_payload_as_bytes()!r}")

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if not self._is_closing:
            self.fail("the connection was lost")

    def _on_ready(self, frame: Frame) -> None:
        self.is_ready = True


class Pair:
    """A conversation under load.

    ``receipts`` is False for a mere relay: no acks, no receipts, and arrival is all that counts.
    """

    def __init__(self, sender: Person, receiver: Person, tally: Tally, *, receipts: bool) -> None:
        self.in_flight = 0
        self._people = (sender, receiver)
        self._tally = tally
        self._receipts = receipts
        self._wanted_in_flight = 0
        self._names = (f"{str(uuid.uuid4())[:24]}{number:012x}" for number in count())
        self._address = f'"to_user_id":"{receiver.id}"'
        self._last_seq: int | None = None
        self._unacked: dict[str, Sent] = {}
        self._unpushed: dict[str, Sent] = {}
        self._unconfirmed: deque[tuple[int, Sent]] = deque()
        self._sender = Socket({"ack": self._on_ack, "receipt.updated": self._on_receipt})
        self._receiver = Socket({"message.new": self._on_message})

    @property
    def is_ready(self) -> bool:
        return self._sender.is_ready and self._receiver.is_ready

    @property
    def failure(self) -> str | None:
        return self._sender.failure or self._receiver.failure

    async def connect(self, url: str) -> None:
        await self._sender.connect(url, self._people[0])
        await self._receiver.connect(url, self._people[1])

    def close(self) -> None:
        self._sender.close()
        self._receiver.close()

    def keep_in_flight(self, messages: int) -> None:
        """From now on each message that is done is replaced by another; none with 0."""
        self._wanted_in_flight = messages
        while self.in_flight < messages:
            self.send()

    def send(self) -> None:
        name = next(self._names)
        sent = Sent(time.perf_counter(), waits_for_ack=self._receipts)
        self._unpushed[name] = sent
        if self._receipts:
            self._unacked[name] = sent
        self.in_flight += 1
        self._sender.send(
            f'{{"type":"message.send","id":"{name}","data":{{{self._address},'
            f'"client_id":"{name}","kind":"text","text":"{TEXT}"}}}}'
        )

    def _on_ack(self, frame: Frame) -> None:
        sent = self._unacked.pop(frame.id or "", None)
        if sent is None:
            self._sender.fail(f"an ack that nobody waits for: {frame}")
            return
        self._tally.acks.append(time.perf_counter() - sent.at)
        sent.waits_for_ack = False
        self._count_if_done(sent)

    def _on_message(self, frame: Frame) -> None:
        message = frame.data.message if frame.data else None
        sent = self._unpushed.pop(message.client_id, None) if message else None
        if message is None or sent is None:
            self._receiver.fail(f"a message nobody sent, or a second time: {frame}")
            return
        self._tally.deliveries.append(time.perf_counter() - sent.at)
        if self._receipts:
            self._confirm(message, sent)
        else:
            sent.waits_for_receipt = False
            self._count_if_done(sent)

    def _confirm(self, message: Message, sent: Sent) -> None:
        if self._last_seq is None:
            self._address = f'"conversation_id":"{message.conversation_id}"'
        elif message.seq != self._last_seq + 1:
            self._receiver.fail(f"sequence number {message.seq} after {self._last_seq}")
        self._last_seq = message.seq
        self._unconfirmed.append((message.seq, sent))
        self._receiver.send(
            f'{{"type":"receipt.update","id":"r{message.seq}","data":{{"conversation_id":'
            f'"{message.conversation_id}","delivered_seq":{message.seq}}}}}'
        )

    def _on_receipt(self, frame: Frame) -> None:
        """A watermark: it confirms every message up to it."""
        now = time.perf_counter()
        delivered_seq = frame.data.delivered_seq if frame.data else 0
        while self._unconfirmed and self._unconfirmed[0][0] <= delivered_seq:
            sent = self._unconfirmed.popleft()[1]
            self._tally.receipts.append(now - sent.at)
            sent.waits_for_receipt = False
            self._count_if_done(sent)

    def _count_if_done(self, sent: Sent) -> None:
        if sent.waits_for_ack or sent.waits_for_receipt:
            return
        self._tally.counted += 1
        self.in_flight -= 1
        if self.in_flight < self._wanted_in_flight:
            self.send()
