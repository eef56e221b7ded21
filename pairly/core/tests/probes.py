"""Addresses that exist for tests alone: each meets one thing that can go wrong."""

from collections.abc import Sequence
from typing import Any

import structlog
from django.core.exceptions import SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_protect
from rest_framework import exceptions, serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from pairly.core.errors import Conflict, NotAuthenticated, RateLimited
from pairly.core.pagination import PairlyCursorPagination
from pairly.core.throttling import MoneyThrottle, SignInThrottle, UserThrottle
from pairly.outbox.models import OutboxEvent
from pairly.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

logger = structlog.get_logger(__name__)

RAISED: dict[str, Exception] = {
    "conflict": Conflict("Somebody was first."),
    "sign-in": NotAuthenticated(),
    "slow-down": RateLimited(retry_after_seconds=7),
    "throttled": exceptions.Throttled(wait=2.1),
    "absent": Http404("internal words"),
    "django-invalid": DjangoValidationError({"age": DjangoValidationError("Too young.", "young")}),
    "suspicious": SuspiciousOperation("internal words"),
    "defect": ZeroDivisionError("password=hunter2"),
}


class Public(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes: Sequence[type[BaseThrottle]] = ()


class Raise(Public):
    def get(self, request: Request, name: str) -> Response:
        logger.info("about_to_fail", email="ava@pairly.test")
        raise RAISED[name]


class Item(serializers.Serializer[Any]):
    at = serializers.DateTimeField()


class Order(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=10)
    items = Item(many=True)


class Orders(Public):
    def post(self, request: Request) -> Response:
        order = Order(data=request.data)
        order.is_valid(raise_exception=True)
        return Response(order.validated_data, status=201)


class Uploads(Public):
    parser_classes = (MultiPartParser,)
    body_bytes_max = 200_000

    def post(self, request: Request) -> Response:
        form: Any = request.data
        return Response({"bytes": form["file"].size})


class Private(APIView):
    permission_classes = (IsAuthenticated,)

    def get(self, request: Request) -> Response:
        return Response({})


class Rows(Public):
    ordering = ("-created_at", "-id")

    def get(self, request: Request) -> Response:
        pages = PairlyCursorPagination()
        rows = pages.paginate_queryset(OutboxEvent.objects.all(), request, self)
        return pages.get_paginated_response([row.id for row in rows])


class Limited(Public):
    throttle_classes = (UserThrottle,)

    def get(self, request: Request) -> Response:
        return Response({})


class SignIn(Public):
    throttle_classes = (SignInThrottle,)

    def post(self, request: Request) -> Response:
        return Response({})


class Money(Public):
    throttle_classes = (MoneyThrottle,)

    def get(self, request: Request) -> Response:
        return Response({})

    post = get


@csrf_protect
def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse("done")


urlpatterns = [
    path("api/raise/<str:name>", Raise.as_view()),
    path("api/orders", Orders.as_view()),
    path("api/uploads", Uploads.as_view()),
    path("api/private", Private.as_view()),
    path("api/rows", Rows.as_view()),
    path("api/limited", Limited.as_view()),
    path("api/sign-in", SignIn.as_view()),
    path("api/money", Money.as_view()),
    path("api/form", form),
    path("form", form),
]
