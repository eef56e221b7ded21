"""What the pages and the routes share: files, noted before they go out."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpResponseBase
from django.utils.http import content_disposition_header

from analytics.reports.asking import asked_of
from analytics.reports.exporting import (
    CONTENT_TYPES,
    encoded_events,
    encoded_report,
    note_export,
)
from analytics.reports.spans import Span, span_asked
from analytics.reports.vocabulary import check_event
from pairly.core import clock
from pairly.core.downloads import stream
from pairly.core.http import request_id_of

__all__ = ["download"]

EVENTS = "events"


def download(request: Any, report: str, fields: Mapping[str, Any], format: str) -> HttpResponseBase:
    """A kind of report, or ``events``, asked for by checked fields, in one of the formats."""
    span, parts = _begun(report, fields, format)
    # What is refused is refused before it is noted, and nothing goes out before it is.
    head = next(parts, b"")
    note_export(
        report,
        {**fields, "first": span.first, "last": span.last, "format": format},
        actor_id=request.user.pk,
        request_id=request_id_of(request),
    )
    answer = stream(request, _joined(head, parts), content_type=CONTENT_TYPES[format])
    name = f"pairly-{report}-{span.first}-{span.last}.{format}"
    answer.headers["Content-Disposition"] = content_disposition_header(True, name) or ""
    return answer


def _begun(report: str, fields: Mapping[str, Any], format: str) -> tuple[Span, Iterator[bytes]]:
    now = clock.now()
    if report == EVENTS:
        if fields["event"]:
            check_event("event", fields["event"])
        span = span_asked(fields["first"], fields["last"], fields["timezone"], now)
        return span, encoded_events(span, fields["event"], format)
    asked = asked_of(report, fields, now)
    return asked.span, encoded_report(asked, format)


def _joined(head: bytes, parts: Iterator[bytes]) -> Iterator[bytes]:
    """Closed with the answer, whether or not it was read to its end."""
    try:
        yield head
        yield from parts
    finally:
        parts.close()  # type: ignore[attr-defined]
