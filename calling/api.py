"""REST routes of calling: the same calls as the socket's."""

from typing import Any
from uuid import UUID

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from calling import clock
from calling.ice import ice_servers
from calling.selectors import bound_call, call_for, calls_for, listed, statistics_of
from calling.serializers import (
    IceServersSerializer,
    InviteSerializer,
    ListedCallSerializer,
    MadeCallSerializer,
    QualitySerializer,
    ReportedQualitySerializer,
    StatisticsSerializer,
)
from calling.services.answers import (
    CallWish,
    accept_calls,
    cancel_calls,
    decline_calls,
    end_calls,
    join_calls,
)
from calling.services.desk import CallResult
from calling.services.invites import check_invite, invite_calls
from calling.services.quality import report_quality
from pairly.core.batching import Operation, writer
from pairly.core.pagination import PAGE_PARAMETERS, PairlyCursorPagination, page_of

__all__ = [
    "CallAccept",
    "CallCancel",
    "CallDecline",
    "CallDetail",
    "CallEnd",
    "CallIceServers",
    "CallJoin",
    "CallList",
    "CallQuality",
    "CallStatistics",
]


class CallList(APIView):
    @extend_schema(
        operation_id="calls_list",
        responses=page_of(ListedCallSerializer),
        parameters=PAGE_PARAMETERS,
    )
    def get(self, request: Request) -> Response:
        """This person's calls, made and received, newest first."""
        user_id = request.user.pk

        def read(after: list[Any] | None, rows_max: int) -> list[Any]:
            return calls_for(user_id, before=after[0] if after else None, limit=rows_max)

        pages = PairlyCursorPagination()
        rows = pages.paginate_reader(read, request, "calls", ("-id",))
        return pages.get_paginated_response(ListedCallSerializer(rows, many=True).data)

    @extend_schema(
        request=InviteSerializer, responses={200: MadeCallSerializer, 201: MadeCallSerializer}
    )
    def post(self, request: Request) -> Response:
        """Call somebody; 200 with the first call when the client_id was used before."""
        invite = check_invite(
            caller_id=request.user.pk,
            device_id=request.auth.pk,
            **InviteSerializer.checked(request),
        )
        result: CallResult = writer.call(invite_calls, invite)
        return Response(_shown(result), status=200 if result.repeated else 201)


class CallDetail(APIView):
    @extend_schema(responses=ListedCallSerializer)
    def get(self, request: Request, call_id: UUID) -> Response:
        """One call and the other one in it."""
        (row,) = listed([call_for(request.user.pk, call_id)], request.user.pk)
        return Response(ListedCallSerializer(row).data)


class CallCommandView(APIView):
    """A command about one call."""

    operation: Operation

    def obey(self, request: Request, call_id: UUID) -> Response:
        wish = CallWish(request.user.pk, request.auth.pk, call_id)
        return Response(_shown(writer.call(type(self).operation, wish)))


class CallAccept(CallCommandView):
    operation = staticmethod(accept_calls)

    @extend_schema(request=None, responses=MadeCallSerializer)
    def post(self, request: Request, call_id: UUID) -> Response:
        """Answer a call on this device; this person's other devices stop ringing."""
        return self.obey(request, call_id)


class CallDecline(CallCommandView):
    operation = staticmethod(decline_calls)

    @extend_schema(request=None, responses=MadeCallSerializer)
    def post(self, request: Request, call_id: UUID) -> Response:
        """Do not take a call that rings."""
        return self.obey(request, call_id)


class CallCancel(CallCommandView):
    operation = staticmethod(cancel_calls)

    @extend_schema(request=None, responses=MadeCallSerializer)
    def post(self, request: Request, call_id: UUID) -> Response:
        """Stop calling before the other one answers."""
        return self.obey(request, call_id)


class CallEnd(CallCommandView):
    operation = staticmethod(end_calls)

    @extend_schema(request=None, responses=MadeCallSerializer)
    def post(self, request: Request, call_id: UUID) -> Response:
        """Hang up, from any device of either; again by the same person it is the same answer."""
        return self.obey(request, call_id)


class CallJoin(CallCommandView):
    operation = staticmethod(join_calls)

    @extend_schema(request=None, responses=MadeCallSerializer)
    def post(self, request: Request, call_id: UUID) -> Response:
        """Take one's side of a call that goes on to this device."""
        return self.obey(request, call_id)


class CallIceServers(APIView):
    @extend_schema(responses=IceServersSerializer)
    def get(self, request: Request, call_id: UUID) -> Response:
        """Where this device finds its way to the other one of a live call, with credentials of its
        own for the relays. A call that rings has them for all devices of the callee."""
        call = bound_call(request.user.pk, request.auth.pk, call_id)
        found = ice_servers(call, request.user.pk, clock.now())
        return Response(IceServersSerializer(found).data)


class CallQuality(APIView):
    @extend_schema(request=QualitySerializer, responses=ReportedQualitySerializer)
    def post(self, request: Request, call_id: UUID) -> Response:
        """Tell how good the media are, every ten seconds or so, and once more at the end."""
        grade = report_quality(
            user_id=request.user.pk,
            device_id=request.auth.pk,
            call_id=call_id,
            now=clock.now(),
            **QualitySerializer.checked(request),
        )
        return Response({"grade": grade.value})


class CallStatistics(APIView):
    @extend_schema(operation_id="calls_statistics", responses=StatisticsSerializer)
    def get(self, request: Request) -> Response:
        """What this person's calls of the last days come to."""
        return Response(StatisticsSerializer(statistics_of(request.user.pk, clock.now())).data)


def _shown(result: CallResult) -> dict[str, Any]:
    view: dict[str, Any] = msgspec.to_builtins(result.call)
    return view | {"position": result.position}
