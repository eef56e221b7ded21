"""``/api/v1/staff/audit``, ``outbox``, ``jobs`` and ``roles``."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.accounts.permissions import StaffPermission
from pairly.accounts.services import give_role, take_role
from pairly.accounts.staff_selectors import staff_members
from pairly.audit.models import AuditEntry
from pairly.audit.selectors import entries
from pairly.core.pagination import page_of
from pairly.jobs.selectors import all_jobs
from pairly.jobs.services import run_job
from pairly.outbox.models import OutboxEvent
from pairly.staff.api.base import asked, who
from pairly.staff.api.serializers import (
    AuditEntrySerializer,
    AuditQuerySerializer,
    GiveRoleSerializer,
    JobSerializer,
    OutboxEventSerializer,
    OutboxQuerySerializer,
    ReasonSerializer,
    StaffMemberSerializer,
)
from pairly.staff.outbox import discard_event, retry_events

__all__ = [
    "AuditView",
    "DiscardView",
    "JobsView",
    "OutboxView",
    "RetryView",
    "RolesView",
    "RunJobView",
    "TakeRoleView",
]

TAGS = ["staff"]


@extend_schema(tags=TAGS)
class AuditView(ListAPIView[AuditEntry]):
    """What staff did and looked at, newest first."""

    permission_classes: Any = (StaffPermission("audit.view"),)
    serializer_class = AuditEntrySerializer
    ordering = ("-id",)
    queryset = AuditEntry.objects.none()

    @extend_schema(parameters=[AuditQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        return entries(**asked(AuditQuerySerializer, self.request))


@extend_schema(tags=TAGS)
class OutboxView(ListAPIView[OutboxEvent]):
    """Events on their way to a handler, in one state."""

    permission_classes: Any = (StaffPermission("system.view"),)
    serializer_class = OutboxEventSerializer
    ordering = ("-due_at", "-id")
    queryset = OutboxEvent.objects.none()

    @extend_schema(parameters=[OutboxQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        wanted = asked(OutboxQuerySerializer, self.request)
        return OutboxEvent.objects.filter(state=wanted["state"])


class SystemAct(APIView):
    permission_classes: Any = (StaffPermission("system.act"),)


class RetryView(SystemAct):
    @extend_schema(tags=TAGS, request=ReasonSerializer, responses={204: None})
    def post(self, request: Request, event_id: UUID) -> Response:
        """Give a failed event fresh attempts."""
        retry_events(event_ids=[event_id], **who(request), **ReasonSerializer.checked(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class DiscardView(SystemAct):
    @extend_schema(tags=TAGS, request=ReasonSerializer, responses={204: None})
    def post(self, request: Request, event_id: UUID) -> Response:
        """Give a failed event up."""
        discard_event(event_id=event_id, **who(request), **ReasonSerializer.checked(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(tags=TAGS)
class JobsView(APIView):
    permission_classes: Any = (StaffPermission("system.view"),)

    @extend_schema(responses=page_of(JobSerializer), operation_id="staff_jobs_list")
    def get(self, request: Request) -> Response:
        """Every periodic task with its last run."""
        return Response({"results": JobSerializer(all_jobs(), many=True).data, "next": None})


class RunJobView(SystemAct):
    @extend_schema(tags=TAGS, request=ReasonSerializer, responses={202: None})
    def post(self, request: Request, name: str) -> Response:
        """Start a task now, in the background."""
        run_job(name=name, **who(request), **ReasonSerializer.checked(request))
        return Response(status=status.HTTP_202_ACCEPTED)


@extend_schema(tags=TAGS)
class RolesView(APIView):
    permission_classes: Any = (StaffPermission("roles.act"),)

    @extend_schema(responses=page_of(StaffMemberSerializer), operation_id="staff_roles_list")
    def get(self, request: Request) -> Response:
        """Everybody who holds a role."""
        members = StaffMemberSerializer(staff_members(), many=True).data
        return Response({"results": members, "next": None})

    @extend_schema(request=GiveRoleSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Give a role; once more does nothing."""
        give_role(**who(request), **GiveRoleSerializer.checked(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class TakeRoleView(APIView):
    permission_classes: Any = (StaffPermission("roles.act"),)

    @extend_schema(tags=TAGS, request=ReasonSerializer, responses={204: None})
    def post(self, request: Request, user_id: UUID, role: str) -> Response:
        """Take a role away; the last superadmin keeps theirs."""
        take_role(user_id=user_id, role=role, **who(request), **ReasonSerializer.checked(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
