"""Addresses that are not written to, on the staff site."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action, display

from notifications.mail.models import Suppression
from notifications.mail.selectors import find_suppressions
from notifications.mail.services import lift_suppression
from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import dialog, done
from pairly.accounts.staff_rows import moment
from pairly.core.http import request_id_of

__all__ = ["SuppressionAdmin"]


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    area = "System"
    icon = "unsubscribe"
    view_permission = "users.view"

    list_display = ("why", "detail", "since")
    list_display_links = ("why",)
    search_fields = ("address_hash",)
    search_help_text = "A whole e-mail address; the list knows it by its hash"
    sortable_by = ()
    ordering = ("-id",)
    fields = ("why", "detail", "since", "address_hash")
    readonly_fields = ("why", "since")
    actions_detail = ("lift",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (queryset & find_suppressions(search_term) if search_term else queryset), False

    @action(
        description="Write to it again",
        permissions=["users.act"],
        icon="mail",
        dialog=dialog(
            "Write to this address again",
            "Do it when its owner says that it works and that mails are wanted.",
            submit="Write again",
        ),
    )
    def lift(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        lift_suppression(
            suppression_id=UUID(object_id),
            actor_id=request.user.pk,
            reason=form.cleaned_data["reason"],
            request_id=request_id_of(request),
        )
        listed = reverse("admin:mail_suppression_changelist")
        return done(request, "The next mail goes to it again.", listed)

    @display(description="Why")
    def why(self, row: Suppression) -> str:
        return row.get_reason_display()

    @display(description="Since (UTC)")
    def since(self, row: Suppression) -> str:
        return moment(row.created_at)
