"""Pages of a list by keyset: ``{"results": [...], "next": url | null}`` with opaque cursors.

A cursor holds the ordering values of the last row given, sealed together with the name of the
list: a made-up one is refused before it comes near a query, and what the list does not show (when
somebody was last active) cannot be read from it. Rows that arrive or go between two pages neither
repeat nor hide others, and deep pages cost what the first one does.
"""

import base64
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db.models import Q
from django.utils.crypto import salted_hmac
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from pairly.core.errors import ValidationFailed

__all__ = [
    "PAGE_ROWS_DEFAULT",
    "PAGE_PARAMETERS",
    "PAGE_ROWS_MAX",
    "PairlyCursorPagination",
    "page_limit",
    "page_of",
]

PAGE_ROWS_DEFAULT = 50
PAGE_ROWS_MAX = 100
CURSOR_CHARACTERS_MAX = 1024
NONCE_BYTES = 12

Reader = Callable[[list[Any] | None, int], list[Any]]


def page_limit(request: Request) -> int:
    """The ``limit`` parameter. Raises ``ValidationFailed`` unless it is 1 to 100."""
    text = request.query_params.get("limit")
    if text is None:
        return PAGE_ROWS_DEFAULT
    if text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= PAGE_ROWS_MAX:
        return int(text)
    raise ValidationFailed.of("limit", "invalid", f"limit is a number from 1 to {PAGE_ROWS_MAX}.")


class PairlyCursorPagination(BasePagination):
    """Keyset pages over ``ordering``, which the view may override.

    The columns of the ordering are never null, all run the same way, and end in a unique one.
    """

    page_size = PAGE_ROWS_DEFAULT
    ordering: Sequence[str] = ("-created_at", "-id")

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The rows of the page asked for. Raises ``ValidationFailed`` on a bad limit or cursor."""
        ordering = tuple(getattr(view, "ordering", None) or self.ordering)

        def read(after: list[Any] | None, rows_max: int) -> list[Any]:
            page = queryset if after is None else queryset.filter(_after(ordering, after))
            return list(page.order_by(*ordering)[:rows_max])

        return self.paginate_reader(read, request, queryset.model._meta.label, ordering)

    def paginate_reader(
        self, read: Reader, request: Request, label: str, ordering: Sequence[str]
    ) -> list[Any]:
        """A page of what is not one query. ``read`` takes the ordering values of the last row
        given (None for the first page) and how many rows to return; ``label`` names the list."""
        limit = page_limit(request)
        cursor = _Cursor(label, ordering)
        text = request.query_params.get("cursor")
        rows = read(None if text is None else cursor.decode(text), limit + 1)
        self._next: str | None = None
        if len(rows) > limit:
            rows.pop()
            url = request.build_absolute_uri()
            self._next = replace_query_param(url, "cursor", cursor.encode(rows[-1]))
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self._next})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """``schema`` is that of the list of rows."""
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {
                    "type": ["string", "null"],
                    "format": "uri",
                    "description": "The address of the next page; null on the last one.",
                },
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": one.name,
                "in": one.location,
                "required": False,
                "description": one.description,
                "schema": one.type,
            }
            for one in PAGE_PARAMETERS
        ]


PAGE_PARAMETERS = [
    OpenApiParameter(
        "limit",
        {
            "type": "integer",
            "minimum": 1,
            "maximum": PAGE_ROWS_MAX,
            "default": PAGE_ROWS_DEFAULT,
        },
        description="Rows on a page.",
    ),
    OpenApiParameter(
        "cursor",
        {"type": "string", "maxLength": CURSOR_CHARACTERS_MAX},
        description="Where to go on, as the `next` of the page before says.",
    ),
]
"""What a list takes, for ``extend_schema`` of views that are not generic."""


@cache
def page_of(row: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """The answer of a list of such rows, for ``extend_schema`` of views that are not generic."""
    name = row.__name__.removesuffix("Serializer")
    fields = {
        "results": row(many=True),
        "next": serializers.URLField(
            allow_null=True, help_text="The address of the next page; null on the last one."
        ),
    }
    return inline_serializer(f"{name}Page", fields)


def _after(ordering: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows beyond the given values. The outer bound on the first column lets an index seek."""
    operator = "lt" if ordering[0].startswith("-") else "gt"
    names = [name.removeprefix("-") for name in ordering]
    beyond = Q()
    for index, name in enumerate(names):
        equal = dict(zip(names[:index], values[:index], strict=True))
        beyond |= Q(**equal, **{f"{name}__{operator}": values[index]})
    return beyond if len(names) == 1 else Q(**{f"{names[0]}__{operator}e": values[0]}) & beyond


_WRITERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    datetime: ("time", datetime.isoformat),
    UUID: ("uuid", str),
}
_READERS: dict[str, Callable[[Any], Any]] = {
    "time": datetime.fromisoformat,
    "uuid": UUID,
    "plain": lambda value: value,
}


@lru_cache(maxsize=1)
def _cipher_of(secret: str) -> AESGCM:
    return AESGCM(salted_hmac("pairly.cursor", "", secret, algorithm="sha256").digest())


def _cipher() -> AESGCM:
    return _cipher_of(settings.SECRET_KEY)


class _Cursor:
    """Ordering values to opaque text and back, for one list only."""

    def __init__(self, label: str, ordering: Sequence[str]) -> None:
        self._names = [name.removeprefix("-") for name in ordering]
        self._list = f"{label}:{','.join(ordering)}".encode()

    def encode(self, row: Any) -> str:
        marked = []
        for name in self._names:
            value = row[name] if isinstance(row, dict) else getattr(row, name)
            kind, write = _WRITERS.get(type(value), ("plain", lambda plain: plain))
            marked.append([kind, write(value)])
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + _cipher().encrypt(nonce, orjson.dumps(marked), self._list)
        return base64.urlsafe_b64encode(sealed).decode()

    def decode(self, text: str) -> list[Any]:
        """Raises ``ValidationFailed`` unless this list made the cursor."""
        try:
            if len(text) > CURSOR_CHARACTERS_MAX:
                raise ValueError("too long for a cursor")
            sealed = base64.b64decode(text, altchars=b"-_", validate=True)
            nonce, hidden = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
            marked = orjson.loads(_cipher().decrypt(nonce, hidden, self._list))
        except (ValueError, InvalidTag) as error:
            detail = "The cursor is not one of this list; take it from `next`."
            raise ValidationFailed.of("cursor", "invalid", detail) from error
        return [_READERS[kind](value) for kind, value in marked]
