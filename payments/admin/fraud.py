"""Attempts to buy with their scores, and the queue of purchases that wait for a decision."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import FreshDialogForm, dialog, done, reason_field
from pairly.accounts.staff_panels import PANELS_TEMPLATE
from pairly.accounts.staff_rows import Names, chip, moment, person_link
from pairly.core import clock
from pairly.core.http import request_id_of
from payments.admin.filters import DayFilter
from payments.admin.fraud_panels import (
    BAND_COLOURS,
    STATE_COLOURS,
    panels_of,
    price_of,
    purchase_link,
)
from payments.fraud import reviews
from payments.fraud.models import Band
from payments.fraud.selectors import find_checks, find_reviews
from payments.models import FraudCheck, Intent, Review

__all__ = ["FraudCheckAdmin", "ReviewAdmin"]


class FraudCheckAdmin(ReadOnlyAdmin):
    area = "Money"
    icon = "policy"
    view_permission = "fraud.view"

    list_display = ("tried_at", "buyer", "package", "amount", "shown_points", "shown_band", "why")
    list_filter = (("band", ChoicesDropdownFilter), ("created_at", DayFilter))
    list_select_related = ("user",)
    search_fields = ("id",)
    search_help_text = "The buyer's e-mail address or id, or a purchase's id"
    sortable_by = ()
    ordering = ("-id",)
    fieldsets = (
        (
            "Attempt to buy",
            {
                "fields": (
                    ("shown_band", "shown_points"),
                    ("buyer", "number"),
                    ("package", "amount"),
                    ("provider", "purchase"),
                    ("tried_at", "rules"),
                )
            },
        ),
    )
    readonly_fields = (
        *("shown_band", "shown_points", "buyer", "amount", "purchase", "tried_at", "rules"),
    )
    change_form_after_template = PANELS_TEMPLATE

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (queryset & find_checks(search_term) if search_term else queryset), False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        check = self.get_object(request, object_id)
        context = {**(extra_context or {}), "title": "Attempt to buy", "show_close": False}
        if check is not None:
            context |= {"panels": panels_of(check), "subtitle": check.user.email}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    @display(description="When (UTC)")
    def tried_at(self, check: FraudCheck) -> str:
        return moment(check.created_at)

    @display(description="Buyer")
    def buyer(self, check: FraudCheck) -> str:
        return person_link(check.user_id, check.user.email)

    @display(description="Amount")
    def amount(self, check: FraudCheck) -> str:
        return price_of(check)

    @display(description="Points")
    def shown_points(self, check: FraudCheck) -> str:
        return "scorer failed" if check.points is None else str(check.points)

    @display(description="Band")
    def shown_band(self, check: FraudCheck) -> str:
        return chip(check.get_band_display(), BAND_COLOURS[Band(check.band)])

    @display(description="Because")
    def why(self, check: FraudCheck) -> str:
        return ", ".join(hit["rule"] for hit in check.hits if hit["counted"]) or "–"

    @display(description="Purchase")
    def purchase(self, check: FraudCheck) -> str:
        """A blocked attempt never became one."""
        found = Intent.objects.filter(pk=check.pk).exists()
        return purchase_link(check.pk) if found else "–"

    @display(description="Rules")
    def rules(self, check: FraudCheck) -> str:
        return f"version {check.rule_set_id}" if check.rule_set_id else "–"


class DecisionForm(FreshDialogForm):
    reason = reason_field()


class StateFilter(admin.SimpleListFilter):
    """Always one state, what waits at first: the index is by state."""

    title = "state"
    parameter_name = "in"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, state.label) for state in Review.State]

    def choices(self, changelist: Any) -> Any:
        _all, *states = super().choices(changelist)
        yield from states

    def value(self) -> str:
        wanted = super().value()
        return wanted if wanted in Review.State.values else str(Review.State.HELD)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(state=self.value())


class ReviewAdmin(ReadOnlyAdmin):
    area = "Money"
    icon = "pending_actions"
    view_permission = "fraud.view"

    list_display = ("paid_at", "buyer", "package", "amount", "credits", "points", "condition")
    list_filter = (StateFilter,)
    list_select_related = ("user",)
    search_fields = ("id",)
    search_help_text = "The buyer's e-mail address or id, or a purchase's id"
    sortable_by = ()
    ordering = ("-id",)
    actions_detail = ("approve", "reject")
    fieldsets = (
        (
            "Purchase under review",
            {
                "fields": (
                    ("condition", "points"),
                    ("buyer", "purchase"),
                    ("package", "amount"),
                    ("credits", "held"),
                    ("paid_at", "decided"),
                    ("decider", "reason"),
                )
            },
        ),
    )
    readonly_fields = (
        *("condition", "points", "buyer", "purchase", "package", "amount", "paid_at"),
        *("decided", "decider"),
    )
    change_form_after_template = PANELS_TEMPLATE

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (queryset & find_reviews(search_term) if search_term else queryset), False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The scores of the page's reviews in one query."""
        changes = super().get_changelist_instance(request)
        rows = list(changes.result_list)
        checks = FraudCheck.objects.in_bulk([row.pk for row in rows])
        for row in rows:
            row.score = checks[row.pk]
        changes.result_list = rows
        return changes

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        review = self.get_object(request, object_id)
        context = {**(extra_context or {}), "title": "Fraud review", "show_close": False}
        if review is not None:
            context |= {"panels": panels_of(_check_of(review)), "subtitle": review.user.email}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only while it waits."""
        waits = Review.objects.filter(pk=object_id, state=Review.State.HELD).exists()
        return super().get_actions_detail(request, object_id) if waits else []

    @action(
        description="Approve",
        permissions=["fraud.act"],
        icon="check",
        variant=ActionVariant.SUCCESS,
        dialog=dialog(
            "Set the credits free",
            "The buyer can spend them at once; what is owed is paid from them first.",
            submit="Approve",
            form=DecisionForm,
        ),
    )
    def approve(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        reviews.approve(**_decision(request, form, object_id))
        return done(request, "Approved. The credits are free.", _page_of(object_id))

    @action(
        description="Reject",
        permissions=["fraud.act"],
        icon="close",
        variant=ActionVariant.DANGER,
        dialog=dialog(
            "Give the money back",
            "The credits are taken and all that is left of the money goes back; above the limit of"
            " refunds a second person decides about that.",
            submit="Reject",
            form=DecisionForm,
        ),
    )
    def reject(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        reviews.reject(**_decision(request, form, object_id))
        return done(request, "Rejected. The refund is on its way.", _page_of(object_id))

    @display(description="Paid (UTC)")
    def paid_at(self, review: Review) -> str:
        return moment(review.created_at)

    @display(description="Buyer")
    def buyer(self, review: Review) -> str:
        return person_link(review.user_id, review.user.email)

    @display(description="Purchase")
    def purchase(self, review: Review) -> str:
        return purchase_link(review.pk)

    @display(description="Package")
    def package(self, review: Review) -> str:
        return _check_of(review).package

    @display(description="Amount")
    def amount(self, review: Review) -> str:
        return price_of(_check_of(review))

    @display(description="Points")
    def points(self, review: Review) -> str:
        points = _check_of(review).points
        return "scorer failed" if points is None else str(points)

    @display(description="State")
    def condition(self, review: Review) -> str:
        return chip(review.get_state_display(), STATE_COLOURS[Review.State(review.state)])

    @display(description="Decided (UTC)")
    def decided(self, review: Review) -> str:
        return moment(review.decided_at)

    @display(description="Decided by")
    def decider(self, review: Review) -> str:
        actor_id = review.actor_id
        return Names.of([actor_id])[actor_id] if actor_id else "–"


def _check_of(review: Any) -> FraudCheck:
    if not hasattr(review, "score"):
        review.score = FraudCheck.objects.select_related("rule_set").get(pk=review.pk)
    check: FraudCheck = review.score
    return check


def _decision(request: Any, form: Any, object_id: str) -> dict[str, Any]:
    return {
        "review_id": UUID(object_id),
        "actor_id": request.user.pk,
        "reason": form.cleaned_data["reason"],
        "now": clock.now(),
        "request_id": request_id_of(request),
    }


def _page_of(object_id: str) -> str:
    return reverse("admin:payments_review_change", args=[object_id])
