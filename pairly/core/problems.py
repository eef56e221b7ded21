"""Problem details (RFC 9457): the one body of every refused request.

``{type, title, status, detail, code, trace_id, errors?: [{field, code, detail}]}``, where ``code``
is stable and for programs and ``trace_id`` is the request id that the logs carry.
"""

import math
from collections.abc import Iterator
from typing import Any

import orjson
from django.core.exceptions import (
    BadRequest,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpResponse
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions

from pairly.core.errors import (
    FieldError,
    NotAuthenticated,
    NotFound,
    PairlyError,
    PermissionDenied,
    RateLimited,
    ValidationFailed,
)

__all__ = [
    "PROBLEM_MEDIA_TYPE",
    "InternalError",
    "MethodNotAllowed",
    "NotAcceptable",
    "PayloadTooLarge",
    "ProblemResponse",
    "UnsupportedMediaType",
    "problem_body",
    "problem_type",
    "to_pairly_error",
]

PROBLEM_MEDIA_TYPE = "application/problem+json"
FIELD_ERRORS_MAX = 50
NO_FIELD = "non_field_errors"


class MethodNotAllowed(PairlyError):
    code = "method_not_allowed"
    status = 405
    title = "This address does not take this method."


class NotAcceptable(PairlyError):
    code = "not_acceptable"
    status = 406
    title = "The answer does not exist in the form asked for."


class PayloadTooLarge(PairlyError):
    code = "payload_too_large"
    status = 413
    title = "The body is too large."


class UnsupportedMediaType(PairlyError):
    code = "unsupported_media_type"
    status = 415
    title = "The body is in a form that is not read here."


class InternalError(PairlyError):
    """What the client learns of a defect: nothing but the trace id."""


class ProblemResponse(HttpResponse):
    """The answer to a refused request. ``data`` is the body before encoding."""

    def __init__(self, error: PairlyError, *, trace_id: str) -> None:
        self.data = problem_body(error, trace_id)
        super().__init__(
            orjson.dumps(self.data), content_type=PROBLEM_MEDIA_TYPE, status=error.status
        )
        if error.retry_after_seconds is not None:
            self.headers["Retry-After"] = str(error.retry_after_seconds)
        if error.status == 401:
            self.headers["WWW-Authenticate"] = 'Bearer realm="pairly"'
        self.headers["Cache-Control"] = "no-store"


def problem_type(code: str) -> str:
    """The problem's ``type``: where its meaning can be read, relative to the server."""
    return f"/api/docs/errors#{code}"


def to_pairly_error(error: BaseException) -> PairlyError | None:
    """What Django and REST framework raise, as ours. None for a defect."""
    if isinstance(error, PairlyError):
        return error
    if isinstance(error, (exceptions.ValidationError, DjangoValidationError)):
        return _validation_failed(error)
    if isinstance(error, exceptions.Throttled):
        wait_seconds: float | None = getattr(error, "wait", None)
        whole_seconds = None if wait_seconds is None else max(1, math.ceil(wait_seconds))
        return RateLimited(retry_after_seconds=whole_seconds)
    for theirs, ours in _EQUIVALENTS:
        if isinstance(error, theirs):
            return ours(_sentence(error))
    return None


_EQUIVALENTS: tuple[tuple[type[Exception], type[PairlyError]], ...] = (
    (exceptions.ParseError, ValidationFailed),
    (exceptions.NotAuthenticated, NotAuthenticated),
    (exceptions.AuthenticationFailed, NotAuthenticated),
    (exceptions.PermissionDenied, PermissionDenied),
    (exceptions.NotFound, NotFound),
    (exceptions.MethodNotAllowed, MethodNotAllowed),
    (exceptions.NotAcceptable, NotAcceptable),
    (exceptions.UnsupportedMediaType, UnsupportedMediaType),
    (Http404, NotFound),
    (DjangoPermissionDenied, PermissionDenied),
    (RequestDataTooBig, PayloadTooLarge),
    (MultiPartParserError, ValidationFailed),
    (BadRequest, ValidationFailed),
    (SuspiciousOperation, ValidationFailed),
)


def _sentence(error: BaseException) -> str | None:
    """REST framework's sentences are written for clients; Django's name internals."""
    if isinstance(error, exceptions.APIException) and isinstance(error.detail, str):
        return str(error.detail)
    return None


def _validation_failed(error: Any) -> ValidationFailed:
    if isinstance(error, DjangoValidationError):
        error = exceptions.ValidationError(_details_of(error))
    errors = list(_field_errors(error.detail, ()))[:FIELD_ERRORS_MAX]
    return ValidationFailed(errors[0].detail if len(errors) == 1 else None, errors=errors)


def _details_of(error: DjangoValidationError) -> Any:
    if hasattr(error, "error_dict"):
        return {
            field: _details_of(DjangoValidationError(e)) for field, e in error.error_dict.items()
        }
    return [
        exceptions.ErrorDetail(" ".join(one.messages), one.code or "invalid")
        for one in error.error_list
    ]


def _field_errors(detail: Any, path: tuple[str, ...]) -> Iterator[FieldError]:
    """Nested errors, flattened: that of ``{"items": [{}, {"at": [...]}]}`` is ``items.1.at``."""
    if isinstance(detail, dict):
        for key, inner in detail.items():
            yield from _field_errors(inner, path if key == NO_FIELD else (*path, str(key)))
    elif isinstance(detail, (list, tuple)):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, (dict, list, tuple))
            yield from _field_errors(inner, (*path, str(index)) if nested else path)
    else:
        yield FieldError(".".join(path), getattr(detail, "code", "invalid"), str(detail))


def problem_body(error: PairlyError, trace_id: str) -> dict[str, Any]:
    """The members of RFC 9457, then ours, before encoding."""
    body: dict[str, Any] = {
        "type": problem_type(error.code),
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "trace_id": trace_id,
    }
    if error.errors:
        body["errors"] = [
            {"field": one.field, "code": one.code, "detail": one.detail} for one in error.errors
        ]
    return body
