"""The frames of the socket protocol: one registry that decodes, validates and documents.

Apps register their commands and events when they load; the AsyncAPI document is generated from
the same structures that decode the frames, so the two cannot differ.
"""

import functools
import operator
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol
from uuid import UUID

import msgspec
import orjson

from pairly.core.batching import Operation, writer
from pairly.core.errors import FieldError, PairlyError, ValidationFailed
from pairly.core.ids import new_request_id

if TYPE_CHECKING:
    from pairly.realtime.connections import Connection

__all__ = [
    "COMMANDS",
    "EVENTS",
    "Command",
    "Empty",
    "Event",
    "Feature",
    "FrameDecoder",
    "HeartbeatResult",
    "Origin",
    "ack_frame",
    "error_frame",
    "event_frame",
    "register_batched_command",
    "register_command",
    "register_event",
    "to_json",
]

COMMAND_ID_CHARACTERS_MAX = 64

CommandId = Annotated[str, msgspec.Meta(min_length=1, max_length=COMMAND_ID_CHARACTERS_MAX)]
Structure = type[msgspec.Struct]
Feature = str
"""``chat``, ``calls``, ``presence``, ``notifications``, or ``general`` for every socket."""


class Empty(msgspec.Struct):
    """No fields."""


class Origin(msgspec.Struct, frozen=True):
    """The socket and command that asked for a write; it gets the ack in place of the event."""

    connection_key: int
    command_id: str


class Gatherer(Protocol):
    """Takes requests of an operation and answers many at once: a ``Batcher`` or its like."""

    def submit(
        self,
        operation: Operation,
        request: Any,
        reply: Callable[[Any], None],
        deliver: Any,
        /,
    ) -> None: ...


class BatchedResult(Protocol):
    """What a batched operation gives back for one request of a socket.

    ``position`` is None when nothing new happened (a repeat); then the ack is sent by itself,
    otherwise the hub sends it in the place of the event, in the order of positions.
    """

    @property
    def position(self) -> int | None: ...

    @property
    def ack(self) -> str: ...


class HeartbeatResult:
    """``latest`` is the newest position of the person. A heartbeat is no news and takes none."""

    position = None

    def __init__(self, latest: int) -> None:
        self.ack = f'{{"position":{latest}}}'


Handler = Callable[["Connection", Any], Awaitable[Any]]
"""Takes the socket and the decoded data; what it returns is the data of the ack."""

ToRequest = Callable[["Connection", Any, Origin], Any]
"""Turns decoded data into a batched operation's request, or into a coroutine that gives it; or
raises a ``PairlyError``."""


Rate = Callable[[], tuple[int, float]]
"""How many at once and the window in seconds, read from settings when a socket first asks."""


@dataclass(frozen=True, slots=True)
class Command:
    """One type of frame that clients send; either ``handler`` or ``operation`` answers it, the
    latter in a batch of ``batcher``.

    ``is_activity`` is False for what a client sends by itself, with nobody before it.
    """

    type: str
    feature: Feature
    summary: str
    data_type: Structure
    ack_type: Structure
    handler: Handler | None = None
    operation: Operation | None = None
    to_request: ToRequest | None = None
    batcher: Gatherer = writer
    rate: Rate | None = None
    is_activity: bool = True


@dataclass(frozen=True, slots=True)
class Event:
    """One type of frame that the server sends. Durable ones carry a position."""

    type: str
    feature: Feature
    summary: str
    data_type: Structure
    durable: bool


COMMANDS: dict[str, Command] = {}
EVENTS: dict[str, Event] = {}


def register_command(
    type: str,
    *,
    feature: Feature,
    data: type[msgspec.Struct] = Empty,
    ack: type[msgspec.Struct] = Empty,
    rate: Rate | None = None,
    is_activity: bool = True,
) -> Callable[[Handler], Handler]:
    """Decorator: this coroutine answers the command; its docstring documents it."""

    def register(handler: Handler) -> Handler:
        command = Command(
            type,
            feature,
            _summary(handler),
            data,
            ack,
            handler=handler,
            rate=rate,
            is_activity=is_activity,
        )
        _add_command(command)
        return handler

    return register


def register_batched_command(
    type: str,
    *,
    feature: Feature,
    data: type[msgspec.Struct],
    ack: type[msgspec.Struct],
    operation: Operation,
    batcher: Gatherer = writer,
    rate: Rate | None = None,
    is_activity: bool = True,
) -> Callable[[ToRequest], ToRequest]:
    """Decorator: the request that this function builds goes to the batched operation."""

    def register(to_request: ToRequest) -> ToRequest:
        command = Command(
            type,
            feature,
            _summary(to_request),
            data,
            ack,
            operation=operation,
            to_request=to_request,
            batcher=batcher,
            rate=rate,
            is_activity=is_activity,
        )
        _add_command(command)
        return to_request

    return register


def register_event(
    type: str, *, feature: Feature, data: type[msgspec.Struct], summary: str, durable: bool = True
) -> None:
    if type in EVENTS:
        raise ValueError(f"event {type} is registered twice")
    EVENTS[type] = Event(type, feature, summary, data, durable)


def _add_command(command: Command) -> None:
    if command.type in COMMANDS:
        raise ValueError(f"command {command.type} is registered twice")
    COMMANDS[command.type] = command


def _summary(function: Callable[..., Any]) -> str:
    if not function.__doc__:
        raise ValueError(f"{function.__qualname__} needs a docstring: it documents the command")
    return " ".join(function.__doc__.split())


class FrameDecoder:
    """Decodes and validates the commands of some features in one pass over the text."""

    def __init__(self, features: frozenset[Feature]) -> None:
        self._commands = {
            self._frame_type(command): command
            for command in COMMANDS.values()
            if command.feature in features
        }
        union: Any = functools.reduce(operator.or_, self._commands)
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(union)

    @staticmethod
    def _frame_type(command: Command) -> Any:
        needs_data = any(f.required for f in msgspec.structs.fields(command.data_type))
        data: Any = (
            ("data", command.data_type)
            if needs_data
            else ("data", command.data_type, msgspec.field(default_factory=command.data_type))
        )
        name = "".join(part.title() for part in command.type.replace("_", ".").split("."))
        return msgspec.defstruct(
            name, [("id", CommandId), data], tag_field="type", tag=command.type
        )

    def decode(self, text: str) -> tuple[Command, str, Any]:
        """The command, its id and its data. Raises ``msgspec.DecodeError`` (not JSON) or its
        subclass ``msgspec.ValidationError`` (not a frame of ours)."""
        frame = self._decoder.decode(text)
        return self._commands[type(frame)], frame.id, frame.data


def readable_id(text: str) -> str | None:
    """The id of a frame that was refused, where it can be read."""
    try:
        identifier = orjson.loads(text).get("id")
    except (orjson.JSONDecodeError, AttributeError):
        return None
    fits = isinstance(identifier, str) and len(identifier) <= COMMAND_ID_CHARACTERS_MAX
    return identifier if fits else None


def refusal(error: msgspec.DecodeError) -> ValidationFailed:
    """msgspec's complaint as our error; its path ``$.data.text`` names the field."""
    sentence, _, path = str(error).partition(" - at `$")
    field = path.strip("`.")
    return ValidationFailed(sentence, errors=[FieldError(field, "invalid", sentence)])


def to_json(value: Any) -> str:
    """Compact JSON of structures, UUIDs and plain values; times must already be text."""
    return msgspec.json.encode(value).decode()


def event_frame(event_type: str, data: str, position: int | None = None) -> str:
    """``data`` is JSON; a position is carried by durable events only."""
    if position is None:
        return f'{{"type":"{event_type}","data":{data}}}'
    return f'{{"type":"{event_type}","position":{position},"data":{data}}}'


def ack_frame(command_id: str, data: str, position: int | None = None) -> str:
    """An ack that took a position carries it like an event does, and in its data as well, for
    clients that hand only the data on."""
    identifier = orjson.dumps(command_id).decode()
    if position is None:
        return f'{{"type":"ack","id":{identifier},"data":{data}}}'
    joint = "," if len(data) > 2 else ""
    return (
        f'{{"type":"ack","id":{identifier},"position":{position},'
        f'"data":{data[:-1]}{joint}"position":{position}}}}}'
    )


def error_frame(command_id: str | None, error: PairlyError, trace_id: str | None = None) -> str:
    body: dict[str, Any] = {
        "code": error.code,
        "title": error.title,
        "detail": error.detail,
        "trace_id": trace_id or new_request_id(),
    }
    if error.errors:
        body["errors"] = [
            {"field": e.field, "code": e.code, "detail": e.detail} for e in error.errors
        ]
    if error.retry_after_seconds is not None:
        body["retry_after_seconds"] = error.retry_after_seconds
    return orjson.dumps({"type": "error", "id": command_id, "error": body}).decode()


class ReadyData(msgspec.Struct):
    user_id: UUID
    device_id: UUID
    position: int
    heartbeat_seconds: int


register_event(
    "ready",
    feature="general",
    data=ReadyData,
    durable=False,
    summary="The first frame of every socket. Read state now, then apply events above position.",
)
