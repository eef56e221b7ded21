"""``/api/v1/staff/users``: what the page of a person shows and does, for programs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.accounts import selectors, services
from pairly.accounts import staff_selectors as people
from pairly.accounts.models import Device, Report, SignInAttempt, StaffNote, User
from pairly.accounts.permissions import StaffPermission
from pairly.accounts.second_factor.services import reset
from pairly.core import clock
from pairly.core.pagination import PAGE_PARAMETERS, PairlyCursorPagination, page_of
from pairly.staff.api.base import asked, look_at, who
from pairly.staff.api.serializers import (
    NoteInputSerializer,
    NoteSerializer,
    PersonSerializer,
    PersonSummarySerializer,
    ReasonSerializer,
    SignInAttemptSerializer,
    SignInSerializer,
    StaffReportSerializer,
    SuspendSerializer,
    UsersQuerySerializer,
)
from payments.selectors import ORDERING, Transaction, transactions_of, wallet_of
from payments.serializers import TransactionSerializer

__all__ = [
    "AttemptsView",
    "EndSignInView",
    "EndSignInsView",
    "NotesView",
    "PersonView",
    "ReportsAboutView",
    "ReportsByView",
    "ResetSecondFactorView",
    "RestoreView",
    "RestrictView",
    "SignInsView",
    "SuspendView",
    "TransactionsView",
    "UnlockView",
    "UnrestrictView",
    "UsersView",
]

VIEW: Any = (StaffPermission("users.view"),)
ACT: Any = (StaffPermission("users.act"),)
TAGS = ["staff"]


def shown(user_id: UUID) -> dict[str, Any]:
    """A person with what belongs to the page. Raises ``NotFound``."""
    user: Any = people.person(user_id)
    user.wallet = wallet_of(user_id).to_dict()
    user.second_factor = people.second_factor_of(user_id)
    user.locked_out = selectors.sign_in_locked_until(user.email, clock.now()) is not None
    return dict(PersonSerializer(user).data)


@extend_schema(tags=TAGS)
class UsersView(ListAPIView[User]):
    """People, newest first."""

    permission_classes = VIEW
    serializer_class = PersonSummarySerializer
    ordering = ("-id",)
    queryset = User.objects.none()

    @extend_schema(parameters=[UsersQuerySerializer], operation_id="staff_users_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        wanted = asked(UsersQuerySerializer, self.request)
        return people.find_users(wanted.get("q", ""), standing=wanted.get("standing", ""))


@extend_schema(tags=TAGS)
class PersonView(APIView):
    permission_classes = VIEW

    @extend_schema(responses=PersonSerializer, operation_id="staff_users_retrieve")
    def get(self, request: Request, user_id: UUID) -> Response:
        """One person. The look is noted in the audit log."""
        people.person(user_id)
        look_at(request, user_id, "user.viewed")
        return Response(shown(user_id))


class OfPerson(ListAPIView[Any]):
    """A list that belongs to one person, newest first."""

    permission_classes: Any = VIEW
    ordering: Sequence[str] = ("-id",)

    def get_queryset(self) -> Any:
        user_id = self.kwargs["user_id"]
        people.person(user_id)
        look_at(self.request, user_id, "user.viewed")
        return self.rows(user_id)

    def rows(self, user_id: UUID) -> Any:
        raise NotImplementedError


@extend_schema(tags=TAGS)
class SignInsView(OfPerson):
    """Sign-ins, ended ones too, most recently used first."""

    serializer_class = SignInSerializer
    ordering = ("-last_used_at", "-id")
    queryset = Device.objects.none()

    def rows(self, user_id: UUID) -> Any:
        return people.sign_ins_of(user_id)


@extend_schema(tags=TAGS)
class AttemptsView(OfPerson):
    """Attempts to sign in, with their addresses."""

    serializer_class = SignInAttemptSerializer
    queryset = SignInAttempt.objects.none()

    def rows(self, user_id: UUID) -> Any:
        return people.attempts_of(user_id)


@extend_schema(tags=TAGS)
class ReportsAboutView(OfPerson):
    serializer_class = StaffReportSerializer
    queryset = Report.objects.none()

    def rows(self, user_id: UUID) -> Any:
        return people.reports_about(user_id)


@extend_schema(tags=TAGS)
class ReportsByView(OfPerson):
    serializer_class = StaffReportSerializer
    queryset = Report.objects.none()

    def rows(self, user_id: UUID) -> Any:
        return selectors.reports_by(user_id)


@extend_schema(tags=TAGS)
class NotesView(OfPerson):
    """Staff notes."""

    permission_classes: Any = (StaffPermission("users.view", acting="users.note"),)
    serializer_class = NoteSerializer
    queryset = StaffNote.objects.none()

    def rows(self, user_id: UUID) -> Any:
        return people.notes_of(user_id)

    @extend_schema(request=NoteInputSerializer, responses={201: NoteSerializer})
    def post(self, request: Request, user_id: UUID) -> Response:
        note = services.add_note(
            **who(request), user_id=user_id, **NoteInputSerializer.checked(request)
        )
        return Response(NoteSerializer(note).data, status.HTTP_201_CREATED)


@extend_schema(tags=TAGS)
class TransactionsView(APIView):
    permission_classes = VIEW

    @extend_schema(parameters=PAGE_PARAMETERS, responses=page_of(TransactionSerializer))
    def get(self, request: Request, user_id: UUID) -> Response:
        """Every movement of a person's credits, newest first."""
        people.person(user_id)
        look_at(request, user_id, "user.transactions_viewed")

        def read(last: Sequence[Any] | None, limit: int) -> list[Transaction]:
            position: tuple[datetime, str] | None = None if last is None else (last[0], last[1])
            return transactions_of(user_id, position, limit)

        pages = PairlyCursorPagination()
        rows = pages.paginate_reader(read, request, f"transactions:{user_id}", ORDERING)
        return pages.get_paginated_response(TransactionSerializer(rows, many=True).data)


@extend_schema(tags=TAGS)
class SuspendView(APIView):
    permission_classes = ACT

    @extend_schema(request=SuspendSerializer, responses=PersonSerializer)
    def post(self, request: Request, user_id: UUID) -> Response:
        """Refuse a person everywhere at once; open sockets close."""
        services.suspend_user(**who(request), user_id=user_id, **SuspendSerializer.checked(request))
        return Response(shown(user_id))


class ByReason(APIView):
    """Something that is done about a person for a reason."""

    permission_classes = ACT

    @extend_schema(tags=TAGS, request=ReasonSerializer, responses=PersonSerializer)
    def post(self, request: Request, user_id: UUID) -> Response:
        self.act(**who(request), user_id=user_id, **ReasonSerializer.checked(request))
        return Response(shown(user_id))

    def act(self, **values: Any) -> None:
        raise NotImplementedError


class RestoreView(ByReason):
    """Lift a suspension."""

    def act(self, **values: Any) -> None:
        services.restore_user(**values)


class RestrictView(ByReason):
    """Let what a person writes reach nobody, without a word to them."""

    def act(self, **values: Any) -> None:
        services.restrict_user(**values)


class UnrestrictView(ByReason):
    """Lift such a restriction."""

    def act(self, **values: Any) -> None:
        services.unrestrict_user(**values)


class EndSignInsView(ByReason):
    """Sign a person out everywhere."""

    def act(self, **values: Any) -> None:
        services.end_sign_ins(**values)


class UnlockView(ByReason):
    """Let failed sign-ins count no longer."""

    def act(self, **values: Any) -> None:
        services.unlock_sign_in(**values)


class ResetSecondFactorView(ByReason):
    """Take authenticator and recovery codes away; every sign-in ends."""

    def act(self, **values: Any) -> None:
        reset(**values)


@extend_schema(tags=TAGS)
class EndSignInView(APIView):
    permission_classes = ACT

    @extend_schema(request=ReasonSerializer, responses={204: None})
    def post(self, request: Request, user_id: UUID, device_id: UUID) -> Response:
        """End one sign-in."""
        services.end_sign_in(
            **who(request),
            user_id=user_id,
            device_id=device_id,
            **ReasonSerializer.checked(request),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)
