"""JSON on the wire of REST: strict in, uniform out.

Out: times as ``clock.to_rfc3339`` writes them, ids as dashed UUID text. In: one UTF-8 object with
no NaN, no number beyond 64 bits, no NUL, nested no deeper than 32; all else is a 400.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson
from django.db.models import QuerySet
from django.utils.functional import Promise
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from pairly.core import clock

__all__ = ["PairlyJSONParser", "PairlyJSONRenderer", "encode_json"]

DEPTH_MAX = 32
INTEGER_MAX = 2**63 - 1
INTEGER_MIN = -(2**63)
OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS


def encode_json(data: Any) -> bytes:
    """Raises ``TypeError`` on what has no agreed form."""
    return orjson.dumps(data, default=_plain, option=OPTIONS)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.to_rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (Decimal, Promise)):
        return str(value)
    if isinstance(value, QuerySet):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no form on the wire")


class PairlyJSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else encode_json(data)


class PairlyJSONParser(BaseParser):
    media_type = "application/json"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The body as a dict. Raises ``ParseError`` on everything the module's text excludes."""
        try:
            data = orjson.loads(stream.read())
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}.") from error
        if not isinstance(data, dict):
            raise ParseError("The body is not a JSON object.")
        _check(data, DEPTH_MAX)
        return data


def _check(value: Any, depth_left: int) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise ParseError("Text with a NUL character is not taken.")
    elif isinstance(value, (dict, list)):
        if not depth_left:
            raise ParseError(f"The body is nested deeper than {DEPTH_MAX}.")
        for inner in (*value.keys(), *value.values()) if isinstance(value, dict) else value:
            _check(inner, depth_left - 1)
    elif isinstance(value, (int, float)) and not INTEGER_MIN <= value <= INTEGER_MAX:
        raise ParseError("A number is beyond 64 bits.")
