"""``/api/v1/staff/reports`` and ``staff/moderation``: the queue and the rules, for programs."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.accounts.permissions import StaffPermission
from pairly.accounts.step_up import require_fresh_second_factor
from pairly.audit.services import look
from pairly.core import clock
from pairly.core.errors import PermissionDenied
from pairly.core.http import request_id_of
from pairly.core.throttling import MoneyThrottle, UserThrottle
from pairly.moderation import services
from pairly.moderation.classifier.rules import current_rules
from pairly.moderation.models import Case
from pairly.moderation.selectors import ORDERING, case_by_id, cases_in, reports_of_case
from pairly.moderation.serializers import (
    CaseReasonSerializer,
    CaseSerializer,
    CasesQuerySerializer,
    CaseWithContentSerializer,
    ChangeRulesSerializer,
    RefundedSerializer,
    ResolveSerializer,
    RulesSerializer,
)
from pairly.moderation.subjects import subject_of

__all__ = [
    "CaseView",
    "CasesView",
    "DismissView",
    "RefundView",
    "ReleaseView",
    "ResolveView",
    "RestoreView",
    "RulesView",
    "TakeView",
]

VIEW: Any = (StaffPermission("moderation.view"),)
ACT: Any = (StaffPermission("moderation.act"),)
TAGS = ["staff"]


def _who(request: Request) -> dict[str, Any]:
    return {"actor_id": request.user.pk, "request_id": request_id_of(request)}


@extend_schema(tags=TAGS)
class CasesView(ListAPIView[Case]):
    """The moderation queue: reports, flagged messages, profiles and photos, in one state; dangers
    to children first, then what is due first."""

    permission_classes = VIEW
    serializer_class = CaseSerializer
    ordering = ORDERING
    queryset = Case.objects.none()

    @extend_schema(operation_id="staff_reports_list", parameters=[CasesQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        query = CasesQuerySerializer(data=_without_paging(self.request))
        query.is_valid(raise_exception=True)
        wanted = query.validated_data
        return cases_in(
            wanted["state"],
            target_type=wanted.get("target_type", ""),
            reason=wanted.get("reason", ""),
            assigned_to=self.request.user.pk if wanted["assigned"] == "me" else None,
            due_before=clock.now() if wanted["overdue"] else None,
        )


def _without_paging(request: Request) -> dict[str, Any]:
    return {k: v for k, v in request.query_params.items() if k not in ("limit", "cursor")}


@extend_schema(tags=TAGS)
class CaseView(APIView):
    permission_classes = VIEW

    @extend_schema(operation_id="staff_reports_retrieve", responses=CaseWithContentSerializer)
    def get(self, request: Request, case_id: UUID) -> Response:
        """One case. Who may read private content (`content.view`) sees the words and what stands
        around them; the look is noted in the audit log."""
        case: Any = case_by_id(case_id)
        look(**_who(request), action="case.viewed", target_type="case", target_id=case_id)
        may_read = request.user.has_perm("content.view")
        case.shown_text = case.text if may_read else None
        case.shown = subject_of(case.target_type).show(case.target_id) if may_read else None
        case.report_list = reports_of_case(case)
        return Response(CaseWithContentSerializer(case).data)


class OnCase(APIView):
    permission_classes = ACT

    def answer(self, case: Case) -> Response:
        return Response(CaseSerializer(case).data)


class TakeView(OnCase):
    @extend_schema(tags=TAGS, request=None, responses=CaseSerializer)
    def post(self, request: Request, case_id: UUID) -> Response:
        """Work on a case, so that no colleague does."""
        return self.answer(services.take_case(case_id=case_id, **_who(request)))


class ReleaseView(OnCase):
    @extend_schema(tags=TAGS, request=CaseReasonSerializer, responses=CaseSerializer)
    def post(self, request: Request, case_id: UUID) -> Response:
        """Let go of a case, one's own or one that a colleague has left."""
        values = CaseReasonSerializer.checked(request)
        return self.answer(services.release_case(case_id=case_id, **_who(request), **values))


class ResolveView(OnCase):
    @extend_schema(tags=TAGS, request=ResolveSerializer, responses=CaseSerializer)
    def post(self, request: Request, case_id: UUID) -> Response:
        """Decide that something is not right. `hide` takes the thing out of sight, `warn` tells
        the person, `suspend` refuses them, `restrict` lets what they write reach nobody. The last
        two take `users.act`."""
        values = ResolveSerializer.checked(request)
        if {"suspend", "restrict"} & set(values["measures"]) and not _may_act_on_people(request):
            raise PermissionDenied
        return self.answer(services.resolve_case(case_id=case_id, **_who(request), **values))


def _may_act_on_people(request: Request) -> bool:
    return request.user.has_perm("users.act")


class DismissView(OnCase):
    @extend_schema(tags=TAGS, request=CaseReasonSerializer, responses=CaseSerializer)
    def post(self, request: Request, case_id: UUID) -> Response:
        """Decide that nothing is wrong."""
        values = CaseReasonSerializer.checked(request)
        return self.answer(services.dismiss_case(case_id=case_id, **_who(request), **values))


class RestoreView(OnCase):
    @extend_schema(tags=TAGS, request=CaseReasonSerializer, responses=CaseSerializer)
    def post(self, request: Request, case_id: UUID) -> Response:
        """Put back what a decision had hidden."""
        values = CaseReasonSerializer.checked(request)
        return self.answer(services.restore_case(case_id=case_id, **_who(request), **values))


class RefundView(OnCase):
    throttle_classes = (UserThrottle, MoneyThrottle)

    @extend_schema(tags=TAGS, request=CaseReasonSerializer, responses=RefundedSerializer)
    def post(self, request: Request, case_id: UUID) -> Response:
        """Give back what the message cost, once for ever. Needs the second factor proved within
        `STEP_UP_SECONDS`."""
        require_fresh_second_factor(request)
        values = CaseReasonSerializer.checked(request)
        credits = services.refund_case(case_id=case_id, **_who(request), **values)
        return Response({"credits": credits})


@extend_schema(tags=TAGS)
class RulesView(APIView):
    permission_classes: Any = (StaffPermission("moderation.view", acting="system.act"),)

    @extend_schema(responses=RulesSerializer, operation_id="staff_moderation_rules_retrieve")
    def get(self, request: Request) -> Response:
        """The classifier's weights and bands in force."""
        return Response(_shown_rules())

    @extend_schema(request=ChangeRulesSerializer, responses={201: RulesSerializer})
    def post(self, request: Request) -> Response:
        """Write the next version; other processes go by it some seconds later."""
        values = ChangeRulesSerializer.checked(request)
        services.change_rules(
            **_who(request),
            flag_score=values["flag_score"],
            block_score=values["block_score"],
            points={
                name: (weight["points"], weight["first_points"])
                for name, weight in values["signals"].items()
            },
            reason=values["reason"],
        )
        return Response(_shown_rules(), status.HTTP_201_CREATED)


def _shown_rules() -> dict[str, Any]:
    found = current_rules()
    return RulesSerializer(
        {
            "version": found.version,
            "flag_score": found.flag_score,
            "block_score": found.block_score,
            "signals": {
                name: {"points": each, "first_points": first}
                for name, (each, first) in found.points.items()
            },
        }
    ).data
