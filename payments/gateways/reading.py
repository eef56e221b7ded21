"""Reading what providers write: never trusted to have the shape it should have."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from pairly.core import clock
from payments.gateways.base import BadWebhook

__all__ = [
    "id_in",
    "is_text",
    "json_object",
    "moment_of",
    "number",
    "ref_of",
    "ref_or_empty",
    "seconds_of",
]

NUMBER_MAX = 10**12
"""More money than this, and more seconds, no event speaks of."""
REF_CHARACTERS_MAX = 100


def json_object(body: bytes) -> dict[str, Any]:
    """Raises ``BadWebhook``."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadWebhook("The body is not JSON.") from error
    if not isinstance(found, dict):
        raise BadWebhook
    return found


def number(value: Any) -> int:
    """An amount or a time in seconds. Raises ``ValueError``."""
    if type(value) is not int or not 0 <= value <= NUMBER_MAX:
        raise ValueError(f"{value!r} is no amount and no time")
    return value


def is_text(value: Any, length_max: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= length_max


def id_in(notes: Any, name: str) -> UUID | None:
    """One of our ids, as we gave it to the provider; None where it was lost or is another's."""
    if not isinstance(notes, Mapping):
        return None
    try:
        return UUID(str(notes[name]))
    except (KeyError, ValueError):
        return None


def ref_of(value: Any) -> str:
    """A provider's id of something. Raises ``ValueError`` where there is none."""
    if not is_text(value, REF_CHARACTERS_MAX):
        raise ValueError("it has no id, or names nothing that it belongs to")
    return str(value)


def ref_or_empty(value: Any) -> str:
    return str(value) if is_text(value, REF_CHARACTERS_MAX) else ""


def moment_of(seconds: Any) -> datetime:
    """Providers count whole seconds since 1970. Raises ``ValueError``."""
    return clock.from_milliseconds(number(seconds) * 1000)


def seconds_of(moment: datetime) -> int:
    return clock.to_milliseconds(moment) // 1000
