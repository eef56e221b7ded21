"""People: the search, and the one page of a person."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from pairly.accounts import roles, services
from pairly.accounts.models import User
from pairly.accounts.second_factor.services import reset as reset_second_factor
from pairly.accounts.selectors import roles_of, sign_in_locked_until
from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import dialog, done
from pairly.accounts.staff_rows import chip
from pairly.accounts.staff_selectors import find_users, person, second_factor_of
from pairly.audit.services import look
from pairly.core import clock
from pairly.core.errors import PermissionDenied
from pairly.core.http import request_id_of
from pairly.staff.pages.user_credits import CREDIT_ACTIONS, CreditActions
from pairly.staff.pages.user_forms import EndSignInForm, NoteForm, SuspendForm
from pairly.staff.pages.user_panels import panels_of, transactions_page
from payments.freezes.selectors import freeze_of

__all__ = ["UserAdmin"]

STANDINGS = {
    "Active": "success",
    "Suspended": "danger",
    "Restricted": "warning",
    "Deleted": "warning",
}


class StandingFilter(admin.SimpleListFilter):
    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("suspended", "Suspended, now or before"), ("staff", "Staff")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        return find_users(standing=wanted) if wanted else queryset


class UserAdmin(CreditActions, ReadOnlyAdmin):
    area = "People"
    icon = "group"
    view_permission = "users.view"

    list_display = ("email", "display_name", "standing", "country", "created_at", "last_active_at")
    list_filter = (StandingFilter,)
    search_fields = ("email",)
    search_help_text = "The start of an e-mail address or name, or an id"
    sortable_by = ()
    ordering = ("-id",)

    actions_detail = (
        "suspend",
        "restore",
        "restrict",
        "unrestrict",
        *CREDIT_ACTIONS,
        "add_note",
        {
            "title": "Sign-in",
            "items": ("end_sign_ins", "end_sign_in", "unlock", "reset_second_factor"),
        },
    )
    fieldsets = (
        (
            "Profile",
            {
                "fields": (
                    ("standing_chip", "role_names"),
                    ("email", "email_verified_at"),
                    ("display_name", "id"),
                    ("birth_date", "age"),
                    ("country", "time_zone"),
                    "bio",
                    ("created_at", "last_active_at"),
                    ("terms_version", "terms_accepted_at"),
                    ("listed", "send_read_receipts"),
                    ("show_online_status", "show_last_seen", "show_in_call"),
                )
            },
        ),
    )
    readonly_fields = ("standing_chip", "role_names", "age", "id")
    change_form_after_template = "staff/panels.html"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[User]":
        return find_users()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (queryset & find_users(search_term) if search_term else queryset), False

    # The page of a person

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        user = _person(object_id)
        _look(request, user.pk, "user.viewed")
        context = {
            **(extra_context or {}),
            "title": user.display_name,
            "subtitle": user.email,
            "panels": panels_of(user, request),
            "show_close": False,
        }
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.transactions_view)
        address = path("<uuid:user_id>/transactions/", page, name="accounts_user_transactions")
        return [address, *super().get_urls()]

    def transactions_view(self, request: HttpRequest, user_id: UUID) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        user = _person(str(user_id))
        _look(request, user.pk, "user.transactions_viewed")
        context = {
            **self.admin_site.each_context(request),
            **transactions_page(user, request),
            "title": "Transactions",
            "subtitle": user.email,
            "user_page": _page_of(user.pk),
        }
        return TemplateResponse(request, "admin/accounts/user/transactions.html", context)

    @display(description="Standing", label=STANDINGS)
    def standing(self, user: User) -> str:
        if user.deleted_at is not None:
            return "Deleted"
        if user.is_suspended_at(clock.now()):
            return "Suspended"
        return "Restricted" if user.shadow_restricted_at else "Active"

    @display(description="Standing")
    def standing_chip(self, user: User) -> str:
        """For the page of a person, which colours nothing by itself."""
        standing = self.standing(user)
        return chip(standing, STANDINGS[standing])

    @display(description="Roles")
    def role_names(self, user: User) -> str:
        return ", ".join(roles_of(user.pk)) or "none"

    @display(description="Age")
    def age(self, user: User) -> int | None:
        return user.age_on(clock.now().date())

    # What can be done about a person

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only what makes sense for this person now."""
        offered = super().get_actions_detail(request, object_id)
        user = User.objects.filter(pk=object_id).first()
        if user is None or user.deleted_at is not None:
            return []
        hidden = _out_of_place(user)
        return [one for one in offered if one.method.original_function_name not in hidden]

    @action(
        description="Suspend",
        permissions=["users.act"],
        icon="block",
        variant=ActionVariant.DANGER,
        dialog=dialog(
            "Suspend this person",
            "They are refused everywhere at once, and open sockets close.",
            submit="Suspend",
            form=SuspendForm,
        ),
    )
    def suspend(self, request: HttpRequest, form: SuspendForm, object_id: str) -> HttpResponse:
        services.suspend_user(
            **_who(request, object_id),
            reason=form.cleaned_data["reason"],
            until=form.cleaned_data["until"],
        )
        return done(request, "Suspended. Open sockets are closed.", _page_of(object_id))

    @action(
        description="Restore",
        permissions=["users.act"],
        icon="undo",
        variant=ActionVariant.SUCCESS,
        dialog=dialog("Restore this person", "The suspension ends now.", submit="Restore"),
    )
    def restore(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        services.restore_user(**_who(request, object_id), reason=form.cleaned_data["reason"])
        return done(request, "Restored.", _page_of(object_id))

    @action(
        description="Restrict",
        permissions=["users.act"],
        icon="visibility_off",
        dialog=dialog(
            "Restrict this person",
            "What they write from now on reaches nobody and costs nothing, and the directory"
            " does not show them. They are not told.",
            submit="Restrict",
        ),
    )
    def restrict(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        services.restrict_user(**_who(request, object_id), reason=form.cleaned_data["reason"])
        return done(request, "Restricted. They are not told.", _page_of(object_id))

    @action(
        description="Lift restriction",
        permissions=["users.act"],
        icon="visibility",
        dialog=dialog(
            "Lift the restriction",
            "What they write from now on is delivered; what was withheld is not.",
            submit="Lift",
        ),
    )
    def unrestrict(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        services.unrestrict_user(**_who(request, object_id), reason=form.cleaned_data["reason"])
        return done(request, "They are heard again.", _page_of(object_id))

    @action(
        description="Add note",
        permissions=["users.note"],
        icon="note_add",
        dialog=dialog("Add a staff note", "Only staff see it.", submit="Add", form=NoteForm),
    )
    def add_note(self, request: HttpRequest, form: NoteForm, object_id: str) -> HttpResponse:
        services.add_note(**_who(request, object_id), text=form.cleaned_data["text"])
        return done(request, "Noted.", _page_of(object_id))

    @action(
        description="End all sign-ins",
        permissions=["users.act"],
        icon="logout",
        dialog=dialog(
            "End all sign-ins", "The person is signed out on every device.", submit="End"
        ),
    )
    def end_sign_ins(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        services.end_sign_ins(**_who(request, object_id), reason=form.cleaned_data["reason"])
        return done(request, "Signed out everywhere.", _page_of(object_id))

    @action(
        description="End one sign-in",
        permissions=["users.act"],
        icon="phonelink_erase",
        dialog=dialog(
            "End one sign-in", "Its sockets close at once.", submit="End", form=EndSignInForm
        ),
    )
    def end_sign_in(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        services.end_sign_in(
            **_who(request, object_id),
            device_id=UUID(form.cleaned_data["device"]),
            reason=form.cleaned_data["reason"],
        )
        return done(request, "That sign-in has ended.", _page_of(object_id))

    @action(
        description="Unlock sign-in",
        permissions=["users.act"],
        icon="lock_open",
        dialog=dialog("Unlock", "Failed sign-ins so far no longer count.", submit="Unlock"),
    )
    def unlock(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        services.unlock_sign_in(**_who(request, object_id), reason=form.cleaned_data["reason"])
        return done(request, "Unlocked.", _page_of(object_id))

    @action(
        description="Reset second factor",
        permissions=["users.act"],
        icon="phonelink_lock",
        dialog=dialog(
            "Reset the second factor",
            "Authenticator and recovery codes go, and every sign-in ends.",
            submit="Reset",
        ),
    )
    def reset_second_factor(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        reset_second_factor(**_who(request, object_id), reason=form.cleaned_data["reason"])
        return done(request, "The second factor is gone.", _page_of(object_id))


def _person(object_id: str) -> User:
    try:
        return person(UUID(object_id))
    except ValueError as error:
        raise Http404 from error


def _page_of(user_id: Any) -> str:
    return reverse("admin:accounts_user_change", args=[user_id])


def _who(request: Any, object_id: str) -> dict[str, Any]:
    """Actor, person and request, as the services take them."""
    return {
        "actor_id": request.user.pk,
        "user_id": UUID(str(object_id)),
        "request_id": request_id_of(request),
    }


def _look(request: Any, user_id: UUID, what: str) -> None:
    look(
        actor_id=request.user.pk,
        action=what,
        target_type="user",
        target_id=user_id,
        request_id=request_id_of(request),
    )


def _out_of_place(user: User) -> set[str]:
    now = clock.now()
    hidden = {"suspend" if user.is_suspended_at(now) else "restore"}
    hidden.add("restrict" if user.shadow_restricted_at else "unrestrict")
    if user.is_staff:
        hidden.add("restrict")
    hidden.add("freeze_spending" if freeze_of(user.pk) else "unfreeze_spending")
    if roles.SUPERADMIN in roles_of(user.pk):
        hidden.add("suspend")
    if sign_in_locked_until(user.email, now) is None:
        hidden.add("unlock")
    if second_factor_of(user.pk).enrolled_at is None:
        hidden.add("reset_second_factor")
    return hidden
