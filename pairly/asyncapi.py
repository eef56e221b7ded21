"""The socket protocol as AsyncAPI 3, generated from the registry that decodes the frames.

Read from the server's side, as AsyncAPI asks: it *receives* commands and *sends* events.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import msgspec
from django.conf import settings
from django.urls import URLPattern

from pairly.realtime.errors import CloseCode
from pairly.realtime.frames import (
    COMMAND_ID_CHARACTERS_MAX,
    COMMANDS,
    EVENTS,
    Command,
    Event,
)
from pairly.realtime.routing import SOCKETS

__all__ = [
    "CLOSE_CODE_MEANINGS",
    "all_frames",
    "asyncapi_document",
    "described_fields",
    "described_shapes",
    "event_name",
]

Json = dict[str, Any]

CLOSE_CODE_MEANINGS = {
    CloseCode.RESTART: "The server restarts. Connect again, with jitter.",
    CloseCode.BAD_FRAME: "A binary frame, or too many that could not be understood.",
    CloseCode.SIGN_IN_AGAIN: "The sign-in is missing or over. Final: sign in first.",
    CloseCode.FORBIDDEN: "The account may not connect. Final.",
    CloseCode.SILENT: "Silent too long, or too slow a reader. Connect again, with jitter.",
    CloseCode.TOO_MANY_DEVICES: "Too many sockets or devices at once.",
    CloseCode.FRAME_TOO_BIG: "A frame above the limit of size.",
    CloseCode.TOO_FAST: "Too many frames in too short a time. Wait, then connect again.",
}
TYPE_WORDS = {
    "string": "text",
    "integer": "integer",
    "boolean": "true or false",
    "object": "object",
    "null": "null",
    "uuid": "UUID",
    "date-time": "time",
}
COMMAND_ID_SCHEMA = {
    "type": "string",
    "minLength": 1,
    "maxLength": COMMAND_ID_CHARACTERS_MAX,
    "description": "Any text of the client's; the answer repeats it.",
}
POSITION_SCHEMA = {
    "type": "integer",
    "minimum": 1,
    "description": "Counts this user's durable events, without gaps.",
}
ERROR_FRAME_SCHEMA: Json = {
    "type": "object",
    "required": ["type", "id", "error"],
    "properties": {
        "type": {"const": "error"},
        "id": {"type": ["string", "null"], "description": "Null where it could not be read."},
        "error": {
            "type": "object",
            "required": ["code", "title", "detail", "trace_id"],
            "properties": {
                "code": {"type": "string"},
                "title": {"type": "string"},
                "detail": {"type": "string"},
                "trace_id": {"type": "string"},
                "retry_after_seconds": {"type": "integer"},
                "errors": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["field", "code", "detail"],
                        "properties": {
                            "field": {"type": "string"},
                            "code": {"type": "string"},
                            "detail": {"type": "string"},
                        },
                    },
                },
            },
        },
    },
}


def event_name(event: Event) -> str:
    """An event's name in the document; what clients send under the same type comes first."""
    return f"{event.type}.event" if event.type in COMMANDS else event.type


def all_frames() -> list[Command | Event]:
    return [*COMMANDS.values(), *EVENTS.values()]


@cache
def asyncapi_document() -> Json:
    """The whole document; made once, after every app has registered its frames."""
    data_schemas, components = _data_schemas()
    messages = {"error": _message("error", "A refused command.", ERROR_FRAME_SCHEMA)}
    for command in COMMANDS.values():
        messages |= _command_messages(command, data_schemas)
    for event in EVENTS.values():
        messages[event_name(event)] = _event_message(event, data_schemas)
    channels = dict(_channel(pattern) for pattern in SOCKETS)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Pairly sockets",
            "version": settings.API_VERSION,
            "description": (
                "Frames are JSON text. Every command is answered by an ack or an error that "
                "repeats its id. Acked means committed."
            ),
        },
        "defaultContentType": "application/json",
        "servers": {"here": _server()},
        "channels": channels,
        "operations": dict(_operations(channels)),
        "components": {
            "messages": messages,
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "ticket": {
                    "type": "httpApiKey",
                    "in": "query",
                    "name": "ticket",
                    "description": "From POST /api/v1/auth/socket-ticket; one use.",
                },
            },
        },
    }


def described_fields(data_type: type[msgspec.Struct]) -> list[Json]:
    """Each field of a structure for a person: {name, type, required, shape?}."""
    (schema,), components = msgspec.json.schema_components([data_type], ref_template="{name}")
    return _described(schema, components)


def described_shapes() -> list[Json]:
    """The structures that fields of frames refer to: {name, fields}."""
    types = [one for command in COMMANDS.values() for one in (command.data_type, command.ack_type)]
    types += [event.data_type for event in EVENTS.values()]
    _schemas, components = msgspec.json.schema_components(set(types), ref_template="{name}")
    fields = {name: _described(schema, components) for name, schema in components.items()}
    named = {field["shape"] for described in fields.values() for field in described}
    return [{"name": name, "fields": fields[name]} for name in sorted(named - {None})]


def _described(schema: Json, components: Json) -> list[Json]:
    schema = components.get(str(schema.get("$ref")), schema)
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "type": _type_in_words(inner, components),
            "required": name in required,
            "shape": _shape_in(inner, components),
        }
        for name, inner in schema.get("properties", {}).items()
    ]


def _shape_in(schema: Json, components: Json) -> str | None:
    """The structure that a field holds, directly, in a list or as one of several."""
    if "$ref" in schema:
        name = str(schema["$ref"])
        return name if "properties" in components[name] else None
    inner = [*schema.get("anyOf", ()), *([schema["items"]] if schema.get("items") else ())]
    return next(filter(None, (_shape_in(one, components) for one in inner)), None)


def _type_in_words(schema: Json, components: Json) -> str:
    """``text, 1 to 64``, ``list of message``, ``one of audio, video``."""
    if "$ref" in schema:
        target = components[schema["$ref"]]
        return _type_in_words(target, components) if "enum" in target else schema["$ref"]
    if "anyOf" in schema:
        return " or ".join(_type_in_words(one, components) for one in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(str(one) for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type_in_words(schema.get('items', {}), components)}"
    kind = str(schema.get("format") or schema.get("type", "any"))
    return TYPE_WORDS.get(kind, kind) + _bounds_in_words(schema)


def _bounds_in_words(schema: Json) -> str:
    low = schema.get("minLength", schema.get("minimum"))
    high = schema.get("maxLength", schema.get("maximum"))
    if low is not None and high is not None:
        return f", {low} to {high}"
    if low is not None:
        return f", at least {low}"
    return "" if high is None else f", at most {high}"


def _data_schemas() -> tuple[dict[type, Json], Json]:
    types: set[type] = {event.data_type for event in EVENTS.values()}
    for command in COMMANDS.values():
        types |= {command.data_type, command.ack_type}
    ordered = sorted(types, key=lambda one: (one.__module__, one.__qualname__))
    schemas, components = msgspec.json.schema_components(
        ordered, ref_template="#/components/schemas/{name}"
    )
    return dict(zip(ordered, schemas, strict=True)), components


def _server() -> Json:
    scheme, _, host = settings.PUBLIC_URL.partition("://")
    return {
        "host": host.rstrip("/"),
        "protocol": "wss" if scheme == "https" else "ws",
        "security": [
            {"$ref": "#/components/securitySchemes/bearer"},
            {"$ref": "#/components/securitySchemes/ticket"},
        ],
    }


def _message(name: str, summary: str, payload: Json) -> Json:
    return {"name": name, "summary": summary, "payload": payload}


def _frame(frame_type: str, required: Iterable[str], **properties: Json) -> Json:
    return {
        "type": "object",
        "required": ["type", *required],
        "properties": {"type": {"const": frame_type}, **properties},
    }


def _command_messages(command: Command, schemas: dict[type, Json]) -> dict[str, Json]:
    identifier = COMMAND_ID_SCHEMA
    needs_data = any(field.required for field in msgspec.structs.fields(command.data_type))
    asked = _frame(
        command.type,
        ["id", "data"] if needs_data else ["id"],
        id=identifier,
        data=schemas[command.data_type],
    )
    answered = _frame(
        "ack",
        ["id", "data"],
        id=identifier,
        position=POSITION_SCHEMA,
        data=schemas[command.ack_type],
    )
    return {
        command.type: _message(command.type, command.summary, asked),
        f"{command.type}.ack": _message("ack", f"{command.type} is done.", answered),
    }


def _event_message(event: Event, schemas: dict[type, Json]) -> Json:
    data = schemas[event.data_type]
    if event.durable:
        payload = _frame(event.type, ["position", "data"], position=POSITION_SCHEMA, data=data)
    else:
        payload = _frame(event.type, ["data"], data=data)
    return _message(event.type, event.summary, payload)


def _features(address: str) -> frozenset[str]:
    """``/ws/`` carries everything, ``/ws/chat/`` the chat alone; each the general commands."""
    feature = address.removeprefix("/ws/").strip("/")
    if feature:
        return frozenset({feature, "general"})
    return frozenset(one.feature for one in all_frames())


def _channel(pattern: URLPattern) -> tuple[str, Json]:
    address = f"/{pattern.pattern}"
    features = _features(address)
    names = [event_name(event) for event in EVENTS.values() if event.feature in features]
    for command in COMMANDS.values():
        if command.feature in features:
            names += [command.type, f"{command.type}.ack"]
    name = address.strip("/").replace("/", "-")
    messages = {one: {"$ref": f"#/components/messages/{one}"} for one in [*names, "error"]}
    return name, {"address": address, "messages": messages}


def _operations(channels: Json) -> Iterator[tuple[str, Json]]:
    for channel, described in channels.items():
        place = f"#/channels/{channel}"
        for command in COMMANDS.values():
            if command.type in described["messages"]:
                yield f"{channel}.{command.type}", _command_operation(place, command)
        for event in EVENTS.values():
            name = event_name(event)
            if name in described["messages"]:
                yield (
                    f"{channel}.{name}",
                    {
                        "action": "send",
                        "channel": {"$ref": place},
                        "summary": event.summary,
                        "messages": [{"$ref": f"{place}/messages/{name}"}],
                    },
                )


def _command_operation(place: str, command: Command) -> Json:
    answers = (f"{command.type}.ack", "error")
    return {
        "action": "receive",
        "channel": {"$ref": place},
        "summary": command.summary,
        "messages": [{"$ref": f"{place}/messages/{command.type}"}],
        "reply": {
            "channel": {"$ref": place},
            "messages": [{"$ref": f"{place}/messages/{answer}"} for answer in answers],
        },
    }
