"""Pushes on the staff site: those of mock mode, which are kept and not sent."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.decorators import display

from notifications.push.models import MockPush
from pairly.accounts.selectors import user_by_email
from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_rows import moment, person_link
from pairly.audit.services import look
from pairly.core.http import request_id_of

__all__ = ["MockPushAdmin"]


@admin.register(MockPush)
class MockPushAdmin(ReadOnlyAdmin):
    """What each device would have got, as its provider would have been given it."""

    area = "System"
    icon = "notifications"
    view_permission = "users.view"

    list_display = ("title", "provider", "kind", "person", "made_at")
    list_select_related = ("user",)
    search_fields = ("user",)
    search_help_text = "A person's whole e-mail address"
    sortable_by = ()
    ordering = ("-id",)
    fields = (("title", "kind"), ("person", "provider", "made_at"), "given")
    readonly_fields = ("person", "made_at", "given")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        user = user_by_email(search_term)
        return (queryset.none() if user is None else queryset.filter(user_id=user.pk)), False

    def change_view(self, request: Any, object_id: str, *rest: Any, **context: Any) -> Any:
        look(
            actor_id=request.user.pk,
            action="push.viewed",
            target_type="mock_push",
            target_id=object_id,
            request_id=request_id_of(request),
        )
        return super().change_view(request, object_id, *rest, **context)

    @display(description="To")
    def person(self, push: MockPush) -> str:
        return person_link(push.user_id, push.user.email)

    @display(description="What its provider would get")
    def given(self, push: MockPush) -> str:
        text = json.dumps(push.payload, ensure_ascii=False, indent=2)
        return format_html('<pre class="staff-code">{}</pre>', text)

    @display(description="Made (UTC)")
    def made_at(self, push: MockPush) -> str:
        return moment(push.created_at)
