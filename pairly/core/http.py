"""HTTP in one place: request ids, body limits, and every error as problem details.

Pages of lists are in ``pagination``, rate limits in ``throttling``, JSON in ``wire``.
"""

import logging
import re
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views import csrf, defaults

from pairly.core.db import is_outage
from pairly.core.errors import (
    NotFound,
    PairlyError,
    PermissionDenied,
    RateLimited,
    TryAgain,
    ValidationFailed,
)
from pairly.core.ids import new_request_id
from pairly.core.pagination import PairlyCursorPagination
from pairly.core.problems import (
    InternalError,
    PayloadTooLarge,
    ProblemResponse,
    to_pairly_error,
)
from pairly.core.refusals import note_refusal
from pairly.core.throttling import MoneyThrottle, SignInThrottle, UserThrottle, client_address

__all__ = [
    "BodyLimitMiddleware",
    "MoneyThrottle",
    "PairlyCursorPagination",
    "RequestIdMiddleware",
    "SignInThrottle",
    "UserThrottle",
    "client_address",
    "csrf_failure",
    "describe_failure",
    "describe_request",
    "exception_handler",
    "handler400",
    "handler403",
    "handler404",
    "handler500",
    "request_id_of",
]

logger = logging.getLogger(__name__)

API_PREFIX = "/api/"
DATABASE_AWAY = "The database does not answer; try again in a moment."
OUTAGE_RETRY_SECONDS = 5
REQUEST_ID_HEADER = "X-Request-ID"
STARTED_SECONDS = "pairly.started_seconds"
SANE_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,64}")
GetResponse = Callable[[HttpRequest], HttpResponseBase]


class RequestIdMiddleware:
    """Every request has an id, the caller's if it is sane; the answer repeats it.

    An answer of the API that says nothing of caches is private, so none may keep it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if SANE_REQUEST_ID.fullmatch(given) else new_request_id()
        request.META["HTTP_X_REQUEST_ID"] = request_id
        request.META[STARTED_SECONDS] = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response.headers[REQUEST_ID_HEADER] = request_id
        if request.path.startswith(API_PREFIX):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class BodyLimitMiddleware:
    """No API body above its limit: ``REQUEST_BODY_BYTES_MAX``, or the view's ``body_bytes_max``.

    A chunked body tells no length in advance: it is measured and given its length, since REST
    framework takes a body without one for empty.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        view_class = getattr(view, "cls", None)
        if view_class is None:
            return None
        bytes_max = getattr(view_class, "body_bytes_max", settings.REQUEST_BODY_BYTES_MAX)
        if _body_bytes(request, bytes_max) <= bytes_max:
            return None
        error = PayloadTooLarge(f"The body may have at most {bytes_max} bytes.")
        return ProblemResponse(error, trace_id=request_id_of(request))


def _body_bytes(request: HttpRequest, bytes_max: int) -> int:
    """The length of the body. Under ASGI Django has put it on disk; else a chunked one is read, no
    more than one byte above the limit."""
    try:
        return int(request.META["CONTENT_LENGTH"])
    except (KeyError, ValueError):
        if request.META.get("HTTP_TRANSFER_ENCODING", "").lower() != "chunked":
            return 0
    if isinstance(request, ASGIRequest):
        stored: Any = request._stream
        stored.seek(0, 2)
        length: int = stored.tell()
        stored.seek(0)
    else:
        body: bytes = request.read(bytes_max + 1)
        request._body, length = body, len(body)
    request.META["CONTENT_LENGTH"] = str(length)
    return length


def request_id_of(request: Any) -> str:
    """The id of a request (Django's or REST framework's); made here when no middleware ran."""
    request_id: str = request.META.setdefault("HTTP_X_REQUEST_ID", new_request_id())
    return request_id


def describe_request(
    request: HttpRequest, response: HttpResponseBase, log_kwargs: dict[str, Any], **_signal: Any
) -> None:
    """What the access line says: no query, since queries carry tickets and addresses."""
    log_kwargs.clear()
    log_kwargs |= _described(request, response.status_code)
    if isinstance(response, ProblemResponse):
        log_kwargs["code"] = response.data["code"]


def describe_failure(request: HttpRequest, log_kwargs: dict[str, Any], **_signal: Any) -> None:
    """The same for a request that met a defect; its line carries the traceback."""
    log_kwargs.clear()
    log_kwargs |= _described(request, 500)


def _described(request: HttpRequest, status: int) -> dict[str, Any]:
    elapsed_seconds = time.perf_counter() - request.META[STARTED_SECONDS]
    return {
        "method": request.method,
        "path": request.path,
        "status": status,
        "duration_ms": round(elapsed_seconds * 1000, 1),
    }


def exception_handler(error: Exception, context: dict[str, Any]) -> ProblemResponse | None:
    """REST framework's hook. None hands a defect to Django, which logs it and asks handler500."""
    known = to_pairly_error(error)
    if known is None and is_outage(error):
        logger.error("the database does not answer", exc_info=error)
        known = TryAgain(DATABASE_AWAY, retry_after_seconds=OUTAGE_RETRY_SECONDS)
    if known is None:
        return None
    request = context["request"]
    if isinstance(known, RateLimited) and request.user is not None and request.user.pk is not None:
        note_refusal(request.user.pk)
    return ProblemResponse(known, trace_id=request_id_of(request))


def handler400(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return _answer(request, exception, ValidationFailed(), defaults.bad_request)


def handler403(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return _answer(request, exception, PermissionDenied(), defaults.permission_denied)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return _answer(request, exception, NotFound(), defaults.page_not_found)


def handler500(request: HttpRequest) -> HttpResponseBase:
    if _wants_page(request):
        return defaults.server_error(request)
    return ProblemResponse(InternalError(), trace_id=request_id_of(request))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if _wants_page(request):
        return csrf.csrf_failure(request, reason=reason)
    error = PermissionDenied("The request carries no valid CSRF token.")
    return ProblemResponse(error, trace_id=request_id_of(request))


def _answer(
    request: HttpRequest,
    exception: Exception,
    otherwise: PairlyError,
    page: Callable[..., HttpResponseBase],
) -> HttpResponseBase:
    if _wants_page(request):
        return page(request, exception)
    error = to_pairly_error(exception) or otherwise
    return ProblemResponse(error, trace_id=request_id_of(request))


def _wants_page(request: HttpRequest) -> bool:
    """People get pages, programs get problem details; under /api/ everybody is a program."""
    return not request.path.startswith(API_PREFIX) and request.accepts("text/html")
