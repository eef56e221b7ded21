"""The Idempotency-Key at the door of REST: ``@idempotent`` on a view's ``post``."""

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from pairly.core import clock
from pairly.core.errors import ValidationFailed
from pairly.core.idempotency import (
    Claim,
    IdempotencyKeyRequired,
    KeptAnswer,
    claim,
    finish,
    release,
    unlock,
)
from pairly.core.problems import to_pairly_error
from pairly.core.wire import encode_json

__all__ = ["IDEMPOTENCY_KEY", "idempotent"]

HEADER = "Idempotency-Key"
VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")

IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    location=OpenApiParameter.HEADER,
    required=True,
    description="Names this request: repeated within 24 hours it is done once and answered "
    "alike, with the header `Idempotent-Replayed: true`.",
)
"""For ``extend_schema`` of the views that are idempotent."""

Post = Callable[..., Response]


def idempotent(post: Post) -> Post:
    """Do what a key names once. The view's method also takes ``operation_id``, the same each time
    the work is resumed, and makes what it makes under that id.

    An answer is kept; a refusal is not and frees the key, so that it can be used again.
    """

    @wraps(post)
    def answer_once(view: Any, request: Request, *arguments: Any, **values: Any) -> Response:
        user_id: Any = request.user.pk  # nobody else comes this far
        taken = claim(
            user_id=user_id,
            key=_key_of(request),
            fingerprint=_fingerprint(request),
            now=clock.now(),
        )
        if isinstance(taken, KeptAnswer):
            return _replayed(taken)
        try:
            response = post(view, request, *arguments, operation_id=taken.operation_id, **values)
        except Exception as error:
            _let_go(taken, error)
            raise
        finish(taken, status=response.status_code, body=encode_json(response.data).decode())
        return response

    answer_once.is_idempotent = True  # type: ignore[attr-defined]
    return answer_once


def _key_of(request: Request) -> str:
    key: str = request.headers.get(HEADER, "")
    if not key:
        raise IdempotencyKeyRequired
    if not VISIBLE.fullmatch(key):
        raise ValidationFailed.of(HEADER, "invalid", "A key is 1 to 255 visible ASCII characters.")
    return key


def _fingerprint(request: Request) -> str:
    """Of method, path and body; how the body's JSON is spaced and ordered does not matter."""
    body = orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(f"{request.method} {request.path}\n".encode() + body).hexdigest()


def _replayed(kept: KeptAnswer) -> Response:
    headers = {"Idempotent-Replayed": "true"}
    return Response(orjson.loads(kept.body), status=kept.status, headers=headers)


def _let_go(taken: Claim, error: Exception) -> None:
    refusal = to_pairly_error(error)
    if refusal is not None and refusal.status < 500:
        release(taken)
    else:
        unlock(taken, now=clock.now())
