"""What the pages and the routes of reports share: files, noted before they go out."""

from typing import Any

from django.http import HttpResponseBase
from django.utils.http import content_disposition_header

from pairly.core.days import Days
from pairly.core.downloads import stream
from pairly.core.http import request_id_of
from pairly.core.tabular import CONTENT_TYPES, encoded
from payments.reports.exporting import COLUMNS, note_export, records_of

__all__ = ["download"]


def download(
    request: Any, report: str, days: Days, narrowed: dict[str, str], format: str
) -> HttpResponseBase:
    """A report's days as a file in one of ``tabular.FORMATS``."""
    note_export(
        report,
        days,
        narrowed,
        format,
        actor_id=request.user.pk,
        request_id=request_id_of(request),
    )
    parts = encoded(records_of(report, days, narrowed), COLUMNS[report], format)
    response = stream(request, parts, content_type=CONTENT_TYPES[format])
    name = f"pairly-{report}-{days.first}-{days.last}.{format}"
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or ""
    return response
