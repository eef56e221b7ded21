"""``/api/v1/staff/fraud``: scores, the review queue and the rules, for programs."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.accounts.permissions import StaffPermission
from pairly.accounts.step_up import require_fresh_second_factor
from pairly.approvals.serializers import DecisionSerializer
from pairly.core import clock
from pairly.core.http import request_id_of
from payments.fraud import reviews
from payments.fraud.models import FraudCheck, Review, RuleSet
from payments.fraud.rule_sets import change_rules
from payments.fraud.selectors import find_checks, find_reviews
from payments.fraud.serializers import (
    ChangeFraudRulesSerializer,
    CheckSerializer,
    ChecksQuerySerializer,
    CheckWithInputsSerializer,
    ReviewSerializer,
    ReviewsQuerySerializer,
    ReviewWithScoreSerializer,
    RuleSetSerializer,
)
from payments.staff_lists import narrowed, wanted

__all__ = [
    "ApproveView",
    "CheckView",
    "ChecksView",
    "RejectView",
    "ReviewView",
    "ReviewsView",
    "RuleSetView",
    "RuleSetsView",
]

TAGS = ["staff"]
VIEW: Any = (StaffPermission("fraud.view"),)
ACT: Any = (StaffPermission("fraud.act"),)


@extend_schema(tags=TAGS)
class ChecksView(ListAPIView[FraudCheck]):
    """Every attempt to buy with its score, newest first."""

    permission_classes = VIEW
    serializer_class = CheckSerializer
    ordering = ("-id",)
    queryset = FraudCheck.objects.none()

    @extend_schema(parameters=[ChecksQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> "QuerySet[FraudCheck]":
        asked = wanted(ChecksQuerySerializer, self.request)
        found = find_checks(asked["q"]) if "q" in asked else FraudCheck.objects.all()
        return narrowed(found, asked, "band")


@extend_schema(tags=TAGS)
class CheckView(APIView):
    permission_classes = VIEW

    @extend_schema(responses=CheckWithInputsSerializer)
    def get(self, request: Request, check_id: UUID) -> Response:
        """One attempt with everything that its score was made from."""
        check = get_object_or_404(FraudCheck, pk=check_id)
        return Response(CheckWithInputsSerializer(check).data)


@extend_schema(tags=TAGS)
class ReviewsView(ListAPIView[Review]):
    """Paid purchases that were or are under review, newest first."""

    permission_classes = VIEW
    serializer_class = ReviewSerializer
    ordering = ("-id",)
    queryset = Review.objects.none()

    @extend_schema(parameters=[ReviewsQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> "QuerySet[Review]":
        asked = wanted(ReviewsQuerySerializer, self.request)
        found = find_reviews(asked["q"]) if "q" in asked else Review.objects.all()
        return narrowed(found, asked, "state")


@extend_schema(tags=TAGS)
class ReviewView(APIView):
    permission_classes = VIEW

    @extend_schema(responses=ReviewWithScoreSerializer)
    def get(self, request: Request, review_id: UUID) -> Response:
        """One review with the score that led to it."""
        review: Any = get_object_or_404(Review, pk=review_id)
        review.score = FraudCheck.objects.get(pk=review_id)
        return Response(ReviewWithScoreSerializer(review).data)


class DecideView(APIView):
    """A decision about held credits; the review afterwards."""

    permission_classes = ACT

    @extend_schema(tags=TAGS, request=DecisionSerializer, responses=ReviewSerializer)
    def post(self, request: Request, review_id: UUID) -> Response:
        require_fresh_second_factor(request)
        review = self.decide(
            review_id=review_id,
            actor_id=request.user.pk,
            now=clock.now(),
            request_id=request_id_of(request),
            **DecisionSerializer.checked(request),
        )
        return Response(ReviewSerializer(review).data)

    def decide(self, **values: Any) -> Review:
        raise NotImplementedError


class ApproveView(DecideView):
    """Set held credits free. Needs the second factor proved within ``STEP_UP_SECONDS``."""

    def decide(self, **values: Any) -> Review:
        return reviews.approve(**values)


class RejectView(DecideView):
    """Give the money back and take the credits; above the limit of refunds a second person
    decides about that. Needs the second factor proved within ``STEP_UP_SECONDS``."""

    def decide(self, **values: Any) -> Review:
        return reviews.reject(**values)


@extend_schema(tags=TAGS)
class RuleSetsView(ListAPIView[RuleSet]):
    """Every version of the rules, newest first; that one counts."""

    permission_classes: Any = (StaffPermission("fraud.view", acting="fraud.act"),)
    serializer_class = RuleSetSerializer
    ordering = ("-number",)
    queryset = RuleSet.objects.all()

    @extend_schema(request=ChangeFraudRulesSerializer, responses={201: RuleSetSerializer})
    def post(self, request: Request) -> Response:
        """Put rules in force: a new version. Needs the second factor proved within
        ``STEP_UP_SECONDS``."""
        require_fresh_second_factor(request)
        wish = ChangeFraudRulesSerializer.checked(request)
        made = change_rules(
            actor_id=request.user.pk,
            base_number=wish["base_version"],
            rules=wish["rules"],
            reason=wish["reason"],
            now=clock.now(),
            request_id=request_id_of(request),
        )
        return Response(RuleSetSerializer(made).data, status=201)


@extend_schema(tags=TAGS)
class RuleSetView(APIView):
    permission_classes = VIEW

    @extend_schema(responses=RuleSetSerializer)
    def get(self, request: Request, version: int) -> Response:
        """One version of the rules."""
        return Response(RuleSetSerializer(get_object_or_404(RuleSet, pk=version)).data)
