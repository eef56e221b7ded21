"""Sending files and long texts without holding them in memory: parts, ranges, conditions."""

import logging
import re
from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async
from django.core.files.storage import default_storage
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from pairly.core.errors import NotFound, PairlyError, StorageUnavailable
from pairly.core.http import request_id_of
from pairly.core.problems import ProblemResponse

__all__ = ["StoredFile", "begins_anew", "send_file", "stream"]

logger = logging.getLogger(__name__)

ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
SANDBOX = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""A file that a person sent runs nothing and loads nothing, whatever a browser takes it for."""


class RangeNotSatisfiable(PairlyError):
    code = "range_not_satisfiable"
    status = 416
    title = "The file has no such part."


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file in the default storage. ``version`` names its content, which never changes."""

    name: str
    size_bytes: int
    content_type: str
    version: str
    download_name: str
    is_shown: bool
    """Shown in the browser where it can; else it is offered to be saved."""


def send_file(request: HttpRequest, file: StoredFile) -> HttpResponseBase:
    """The file, the part that ``Range`` asks for (206, or 416 where there is none), or 304.

    One range is served; whoever asks for several gets the whole, as RFC 9110 allows. The caller
    has checked that the file may be read. Raises ``NotFound`` when the storage has lost it,
    ``StorageUnavailable`` when it cannot be asked.
    """
    etag = f'"{file.version}"'
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        return _guarded(unchanged, file, etag)
    start, stop, is_part = 0, file.size_bytes, False
    if request.method == "GET" and request.headers.get("If-Range", etag) == etag:
        try:
            start, stop, is_part = _wanted(request.headers.get("Range", ""), file.size_bytes)
        except RangeNotSatisfiable as error:
            refused = ProblemResponse(error, trace_id=request_id_of(request))
            refused.headers["Content-Range"] = f"bytes */{file.size_bytes}"
            return refused
    parts = iter(()) if request.method == "HEAD" else _begun(file, start, stop)
    response = stream(
        request, parts, content_type=file.content_type, status=206 if is_part else 200
    )
    response.headers["Content-Length"] = str(stop - start)
    if is_part:
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size_bytes}"
    return _guarded(response, file, etag)


def begins_anew(request: HttpRequest) -> bool:
    """Whether this asks for the beginning of a file, and not for more of one or whether it is still
    the same: a player asks for many parts, which are one look."""
    wanted = request.headers.get("Range", "bytes=0-")
    return wanted.startswith("bytes=0-") and "If-None-Match" not in request.headers


def _begun(file: StoredFile, start: int, stop: int) -> Iterator[bytes]:
    """The parts with the first one read, so that a missing file is a clean refusal."""
    read: Any = default_storage.read  # type: ignore[attr-defined]
    try:
        parts = read(file.name, start, stop)
        first = next(parts, b"")
    except FileNotFoundError as error:
        raise NotFound from error
    except Exception as error:  # each storage has failures of its own
        logger.exception("%s could not be read", file.name)
        raise StorageUnavailable from error
    return _after(first, parts)


def _after(first: bytes, parts: Generator[bytes, None, None]) -> Iterator[bytes]:
    try:
        yield first
        yield from parts
    finally:
        parts.close()


def _wanted(header: str, size: int) -> tuple[int, int, bool]:
    """Start, stop and whether it is a part. What is no single range is as if not asked.

    Raises ``RangeNotSatisfiable`` for a range that the file does not reach.
    """
    found = ONE_RANGE.fullmatch(header.strip())
    if found is None or found.groups() == ("", ""):
        return 0, size, False
    first, last = found.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return 0, size, False
    if start >= size or start >= stop:
        raise RangeNotSatisfiable
    return start, stop, True


def _guarded(response: HttpResponseBase, file: StoredFile, etag: str) -> HttpResponseBase:
    """Kept by the reader alone, who asks each time whether it may still be seen."""
    disposition = content_disposition_header(not file.is_shown, file.download_name)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition or "inline",
        "Content-Security-Policy": SANDBOX,
        "ETag": etag,
        "Vary": "Authorization, Cookie",
        "X-Content-Type-Options": "nosniff",
    }
    for name, value in headers.items():
        response.headers[name] = value
    return response


def stream(
    request: HttpRequest, parts: Iterator[bytes], *, content_type: str, status: int = 200
) -> StreamingHttpResponse:
    """An answer made of parts, each read when the one before has gone out.

    Under ASGI Django would first gather all that a plain iterator gives.
    """
    under_asgi = isinstance(getattr(request, "_request", request), ASGIRequest)
    content: Any = _in_thread(parts) if under_asgi else parts
    return StreamingHttpResponse(content, content_type=content_type, status=status)


async def _in_thread(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """In the request's own thread, whose database connection the parts may need."""
    closing = sync_to_async(getattr(parts, "close", lambda: None))
    following = sync_to_async(lambda: next(parts, None))
    try:
        while (part := await following()) is not None:
            yield part
    finally:
        await closing()
