"""Roles: who holds which, what each may do, giving and taking."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from pairly.accounts import roles
from pairly.accounts.models import RoleChange
from pairly.accounts.selectors import user_by_email
from pairly.accounts.serializers import EMAIL_LENGTH_MAX
from pairly.accounts.services import give_role, take_role
from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import ReasonForm, SelectField, TextField, dialog, done
from pairly.accounts.staff_rows import person_link
from pairly.accounts.staff_selectors import staff_members
from pairly.core.errors import NotFound
from pairly.core.http import request_id_of

__all__ = ["RoleAdmin"]


class GiveForm(ReasonForm):
    field_order = ("email", "role", "reason")

    email = TextField(label="E-mail of an account", max_length=EMAIL_LENGTH_MAX)
    role = SelectField(label="Role", choices=roles.CHOICES)


class TakeForm(ReasonForm):
    field_order = ("holding", "reason")

    holding = SelectField(label="Who and which")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["holding"]
        assert isinstance(field, SelectField)
        field.choices = [
            (f"{one.user.pk}:{role}", f"{one.user.email}: {role}")
            for one in staff_members()
            for role in one.roles
        ]


class RoleAdmin(ReadOnlyAdmin):
    area = "System"
    icon = "admin_panel_settings"
    view_permission = "roles.act"

    list_display = ("role_name", "holders", "permitted")
    list_display_links = None
    sortable_by = ()
    ordering = ("role",)
    actions_list = ("give", "take")

    @action(
        description="Give a role",
        permissions=["roles.act"],
        icon="person_add",
        variant=ActionVariant.PRIMARY,
        dialog=dialog("Give a role", "It counts at once.", submit="Give", form=GiveForm),
    )
    def give(self, request: HttpRequest, form: GiveForm) -> HttpResponse:
        user = user_by_email(form.cleaned_data["email"])
        if user is None:
            raise NotFound("Nobody has this e-mail address.")
        give_role(user_id=user.pk, role=form.cleaned_data["role"], **_why(request, form))
        return done(request, f"{user.email} is {form.cleaned_data['role']}.", _list())

    @action(
        description="Take a role",
        permissions=["roles.act"],
        icon="person_remove",
        dialog=dialog(
            "Take a role", "Who has none left is no longer staff.", submit="Take", form=TakeForm
        ),
    )
    def take(self, request: HttpRequest, form: TakeForm) -> HttpResponse:
        user_id, _, role = form.cleaned_data["holding"].partition(":")
        take_role(user_id=UUID(user_id), role=role, **_why(request, form))
        return done(request, f"The role {role} is taken.", _list())

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The holders of every role in a few queries, for all rows."""
        changes = super().get_changelist_instance(request)
        members = staff_members()
        rows = list(changes.result_list)
        for one in rows:
            one.holders = [member.user for member in members if one.role in member.roles]
        changes.result_list = rows
        return changes

    @display(description="Role")
    def role_name(self, change: RoleChange) -> str:
        return change.role

    @display(description="Held by", empty_value="nobody")
    def holders(self, change: Any) -> str | None:
        links = [(person_link(user.pk, user.email),) for user in change.holders]
        return format_html_join(", ", "{}", links) or None

    @display(description="May")
    def permitted(self, change: RoleChange) -> str:
        codes = sorted(roles.ROLES.get(change.role, ()))
        everything = len(codes) == len(roles.PERMISSIONS)
        text = "everything" if everything else ", ".join(codes)
        return format_html('<span class="staff-wrap">{}</span>', text)


def _why(request: Any, form: Any) -> dict[str, Any]:
    return {
        "actor_id": request.user.pk,
        "reason": form.cleaned_data["reason"],
        "request_id": request_id_of(request),
    }


def _list() -> str:
    return reverse("admin:accounts_rolechange_changelist")
