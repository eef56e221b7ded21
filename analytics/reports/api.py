"""``/api/v1/analytics/…``: reports for who holds ``analytics.view``, and anybody's own usage."""

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.reports import selectors, services
from analytics.reports.asking import asked_of
from analytics.reports.exporting import CONTENT_TYPES
from analytics.reports.files import download
from analytics.reports.serializers import (
    ANSWERS,
    QUERIES,
    EventsExportQuerySerializer,
    ExportQuerySerializer,
    LiveSerializer,
    SavedReportSerializer,
    SavedReportsSerializer,
    SpanQuerySerializer,
    UsageSerializer,
    fields_of,
)
from analytics.reports.spans import span_asked
from analytics.selectors import live_numbers
from pairly.accounts.permissions import StaffPermission
from pairly.core import clock
from pairly.core.http import request_id_of
from pairly.core.throttling import UserThrottle

__all__ = [
    "ExportView",
    "LiveView",
    "SavedReportView",
    "SavedReportsView",
    "UsageView",
    "report_view",
]

VIEW: Any = (StaffPermission("analytics.view"),)
EXPORT: Any = (StaffPermission("exports.act"),)
TAGS = ["analytics"]
FILES = {(200, content_type): OpenApiTypes.BINARY for content_type in CONTENT_TYPES.values()}
USAGE_DAYS = 28


def report_view(kind: str, about: str) -> type[APIView]:
    """The route of a kind of report."""

    class ReportView(APIView):
        permission_classes = VIEW

        @extend_schema(
            tags=TAGS,
            parameters=[QUERIES[kind]],
            responses=ANSWERS[kind],
            operation_id=f"analytics_{kind.replace('-', '_')}",
            description=about,
        )
        def get(self, request: Request) -> Response:
            asked = asked_of(kind, fields_of(kind, request.query_params), clock.now())
            return Response(ANSWERS[kind](_answer(asked)).data)

    return ReportView


def _answer(asked: selectors.Asked) -> dict[str, Any]:
    found = selectors.run(asked)
    return {
        "first": asked.span.first,
        "last": asked.span.last,
        "timezone": asked.span.zone.key,
        "erased_people": found.erased_people,
        "results": found.rows,
        "previous": found.previous,
        "next": None,
    }


class UsageThrottle(UserThrottle):
    """Below the general limit: each look opens the files of four weeks."""

    scope = "usage"
    limit_setting = "RATE_USAGE_PER_MINUTE"


class UsageView(APIView):
    throttle_classes = (UserThrottle, UsageThrottle)

    @extend_schema(tags=TAGS, responses=UsageSerializer, operation_id="analytics_me")
    def get(self, request: Request) -> Response:
        """What one did oneself in the last 28 days of UTC."""
        now = clock.now()
        last = now.date()
        span = span_asked(last - timedelta(days=USAGE_DAYS - 1), last, "UTC", now)
        return Response(UsageSerializer(selectors.usage_of(request.user.pk, span)).data)


class LiveView(APIView):
    permission_classes = VIEW

    @extend_schema(tags=TAGS, responses=LiveSerializer, operation_id="analytics_live")
    def get(self, request: Request) -> Response:
        """What happens now: people and events of the last minutes."""
        return Response(LiveSerializer(live_numbers(clock.now())).data)


class ExportView(APIView):
    permission_classes = EXPORT
    queries: ClassVar[dict[str, type[SpanQuerySerializer]]] = {
        **QUERIES,
        "events": EventsExportQuerySerializer,
    }

    @extend_schema(tags=TAGS, parameters=[ExportQuerySerializer], responses=FILES)
    def get(self, request: Request) -> HttpResponseBase:
        """A report, or events themselves, as a file; noted in the audit log."""
        checked = ExportQuerySerializer(data=request.query_params)
        checked.is_valid(raise_exception=True)
        report, format = checked.validated_data["report"], checked.validated_data["format"]
        query = self.queries[report](data=request.query_params)
        query.is_valid(raise_exception=True)
        return download(request, report, query.validated_data, format)


class SavedReportsView(APIView):
    permission_classes = VIEW

    @extend_schema(tags=TAGS, responses=SavedReportsSerializer, operation_id="analytics_reports")
    def get(self, request: Request) -> Response:
        """Reports that staff have saved, by name."""
        rows = selectors.saved_reports()
        return Response(SavedReportsSerializer({"results": rows, "next": None}).data)

    @extend_schema(
        tags=TAGS,
        request=SavedReportSerializer,
        responses={201: SavedReportSerializer},
        operation_id="analytics_reports_save",
    )
    def post(self, request: Request) -> Response:
        """Save a report under a name, for everybody who may see reports."""
        given = SavedReportSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        asked_of(values["kind"], fields_of(values["kind"], values["query"]), clock.now())
        report = services.save_report(
            actor_id=request.user.pk, request_id=request_id_of(request), **values
        )
        return Response(SavedReportSerializer(report).data, status=201)


class SavedReportView(APIView):
    permission_classes = VIEW

    @extend_schema(tags=TAGS, responses=SavedReportSerializer, operation_id="analytics_report")
    def get(self, request: Request, report_id: UUID) -> Response:
        return Response(SavedReportSerializer(selectors.saved_report(report_id)).data)

    @extend_schema(tags=TAGS, responses={204: None}, operation_id="analytics_report_delete")
    def delete(self, request: Request, report_id: UUID) -> Response:
        """Who saved it may delete it."""
        services.delete_report(
            actor_id=request.user.pk, report_id=report_id, request_id=request_id_of(request)
        )
        return Response(status=204)
