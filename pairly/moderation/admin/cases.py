"""The moderation queue, and the page of one case."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from pairly.accounts.models import Report, User
from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import PlainForm, dialog, done
from pairly.accounts.staff_rows import Names, chip, moment, person_link
from pairly.audit.services import look
from pairly.core import clock
from pairly.core.errors import PermissionDenied
from pairly.core.http import request_id_of
from pairly.moderation import services
from pairly.moderation.admin.forms import RefundForm, ResolveForm
from pairly.moderation.admin.panels import context_of
from pairly.moderation.models import Case
from pairly.moderation.selectors import ORDERING
from pairly.moderation.services.decisions import HIDE, RESTORE
from pairly.moderation.subjects import subject_of

__all__ = ["CaseAdmin"]

STATES = {"pending": "info", "under_review": "warning", "resolved": "danger", "dismissed": ""}


class OneOf(admin.SimpleListFilter):
    """One value of a column that an index begins with."""

    column: str
    values: Any

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return self.values

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        return queryset.filter(**{self.column: wanted}) if wanted else queryset


class StateFilter(OneOf):
    """Always one state, pending ones at first: the index is by state."""

    title = "state"
    parameter_name = "in"
    column, values = "state", Report.Status.choices

    def choices(self, changelist: Any) -> Any:
        _all, *states = super().choices(changelist)
        yield from states

    def value(self) -> str:
        wanted = super().value()
        return wanted if wanted in Report.Status.values else str(Report.Status.PENDING)


class KindFilter(OneOf):
    title = "what"
    parameter_name = "kind"
    column, values = "target_type", Case.TargetType.choices


class ReasonFilter(OneOf):
    title = "reason"
    parameter_name = "why"
    column, values = "reason", Report.Reason.choices


class MineFilter(admin.SimpleListFilter):
    title = "assigned"
    parameter_name = "with"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("me", "To me"), ("nobody", "To nobody")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        user_id = request.user.pk if self.value() == "me" else None
        return queryset.filter(assigned_to_id=user_id) if self.value() else queryset


class DueFilter(admin.SimpleListFilter):
    title = "due"
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("overdue", "Overdue")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(due_at__lte=clock.now()) if self.value() else queryset


class ByIndex(ChangeList):
    """Ordered by the index alone, with the names of the page's people in one query."""

    def _get_deterministic_ordering(self, ordering: Any) -> Any:
        return ordering

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        names = Names.of([one.author_id for one in rows] + [one.assigned_to_id for one in rows])
        for one in rows:
            one.names = names
        self.result_list = rows


class CaseAdmin(ReadOnlyAdmin):
    area = "Moderation"
    icon = "shield"
    view_permission = "moderation.view"

    list_display = ("what", "why", "of", "said", "due", "looked_after", "shown_state")
    list_filter = (StateFilter, KindFilter, ReasonFilter, MineFilter, DueFilter)
    sortable_by = ()
    ordering = ORDERING
    actions_detail = ("take", "resolve", "dismiss", "refund", "restore", "release")
    fieldsets = (
        (
            "Case",
            {
                "fields": (
                    ("shown_state", "why"),
                    ("what", "of"),
                    ("said", "found"),
                    ("due", "looked_after"),
                    ("opened", "decided"),
                    ("measures", "id"),
                )
            },
        ),
    )
    readonly_fields = (
        *("shown_state", "why", "what", "of", "said", "found", "due", "looked_after"),
        *("opened", "decided", "id"),
    )
    change_form_after_template = "admin/moderation/case/panels.html"

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return ByIndex

    def get_urls(self) -> list[URLPattern]:
        photo = path(
            "<uuid:user_id>/photo/",
            self.admin_site.admin_view(self.photo_view),
            name="moderation_case_photo",
        )
        return [photo, *super().get_urls()]

    def photo_view(self, request: HttpRequest, user_id: UUID) -> HttpResponse:
        """The photo of a person as it is now, for the pages of cases."""
        if not request.user.has_perm("content.view"):
            raise PermissionDenied
        name = User.objects.filter(pk=user_id).values_list("photo", flat=True).first()
        if not name or not default_storage.exists(name):
            raise Http404
        with default_storage.open(name) as file:
            return HttpResponse(file.read(), content_type="image/jpeg")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {**(extra_context or {}), "show_close": False}
        case = self.get_object(request, object_id)
        if case is not None:
            look(**_who(request), action="case.viewed", target_type="case", target_id=case.pk)
            context |= context_of(case, may_read=request.user.has_perm("content.view"))
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    # What a row tells

    @display(description="What")
    def what(self, case: Case) -> str:
        return case.get_target_type_display()

    @display(description="Reason")
    def why(self, case: Case) -> str:
        urgent = case.priority == Case.Priority.FIRST
        return chip(case.get_reason_display(), "danger" if urgent else "")

    @display(description="Of")
    def of(self, case: Any) -> str:
        return person_link(case.author_id, _names(case)[case.author_id])

    @display(description="Who says so")
    def said(self, case: Case) -> str:
        words = [f"{case.reports} reports" if case.reports != 1 else "1 report"]
        if case.flags:
            words.append(f"classifier, {case.score} points" if case.score else "to be reviewed")
        return ", ".join(words if case.reports else words[1:])

    @display(description="The classifier found")
    def found(self, case: Case) -> str:
        return f"{case.signals} (rules {case.rules_version})" if case.signals else "–"

    @display(description="Due (UTC)")
    def due(self, case: Case) -> str:
        late = case.is_open and case.due_at <= clock.now()
        return chip(f"{moment(case.due_at)} overdue", "danger") if late else moment(case.due_at)

    @display(description="With")
    def looked_after(self, case: Any) -> str:
        return _names(case)[case.assigned_to_id] if case.assigned_to_id else "–"

    @display(description="State")
    def shown_state(self, case: Case) -> str:
        return chip(case.get_state_display(), STATES[case.state])

    @display(description="Opened (UTC)")
    def opened(self, case: Case) -> str:
        return moment(case.created_at)

    @display(description="Decided (UTC)")
    def decided(self, case: Case) -> str:
        return moment(case.decided_at)

    # What can be done

    def get_actions_detail(self, request: Any, object_id: Any) -> list[Any]:
        """Only what makes sense for this case now."""
        offered: list[Any] = super().get_actions_detail(request, object_id)
        case = Case.objects.filter(pk=object_id).first()
        possible = _possible(case, request.user.pk) if case else set()
        return [one for one in offered if one.method.original_function_name in possible]

    @action(
        description="Take",
        permissions=["moderation.act"],
        icon="front_hand",
        dialog=dialog(
            "Take this case", "Colleagues see that you work on it.", submit="Take", form=PlainForm
        ),
    )
    def take(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        services.take_case(case_id=UUID(object_id), **_who(request))
        return done(request, "It is yours.", _page(object_id))

    @action(
        description="Resolve",
        permissions=["moderation.act"],
        icon="gavel",
        variant=ActionVariant.DANGER,
        dialog=dialog(
            "Something is not right",
            "The person is told of everything but a restriction.",
            submit="Decide",
            form=ResolveForm,
        ),
    )
    def resolve(self, request: HttpRequest, form: ResolveForm, object_id: str) -> HttpResponse:
        services.resolve_case(case_id=UUID(object_id), **_who(request), **form.decision())
        return done(request, "Decided.", _list())

    @action(
        description="Dismiss",
        permissions=["moderation.act"],
        icon="check",
        dialog=dialog("Nothing is wrong", "The reports of it are dismissed.", submit="Dismiss"),
    )
    def dismiss(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        services.dismiss_case(case_id=UUID(object_id), **_why(request, form))
        return done(request, "Dismissed.", _list())

    @action(
        description="Refund",
        permissions=["moderation.act"],
        icon="undo",
        dialog=dialog(
            "Give the credits back",
            "What the message cost goes back to its sender, once.",
            submit="Refund",
            form=RefundForm,
        ),
    )
    def refund(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        credits = services.refund_case(case_id=UUID(object_id), **_why(request, form))
        return done(request, f"Given back: {credits} credits.", _page(object_id))

    @action(
        description="Restore",
        permissions=["moderation.act"],
        icon="visibility",
        dialog=dialog("Put it back", "Everybody who saw it sees it again.", submit="Restore"),
    )
    def restore(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        services.restore_case(case_id=UUID(object_id), **_why(request, form))
        return done(request, "It is back.", _page(object_id))

    @action(
        description="Let go",
        permissions=["moderation.act"],
        icon="logout",
        dialog=dialog("Let go of this case", "It waits for anybody again.", submit="Let go"),
    )
    def release(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        services.release_case(case_id=UUID(object_id), **_why(request, form))
        return done(request, "It waits again.", _list())


def _names(case: Any) -> Names:
    if not hasattr(case, "names"):
        case.names = Names.of([case.author_id, case.assigned_to_id])
    names: Names = case.names
    return names


def _possible(case: Case, user_id: UUID) -> set[str]:
    can = subject_of(case.target_type).can
    possible = {"refund"} & can
    if not case.is_open:
        done_before = case.measures.split(", ")
        return possible | ({"restore"} & can if _is_hidden(done_before) else set())
    if case.assigned_to_id is not None:
        possible.add("release")
    if case.assigned_to_id in (None, user_id):
        possible |= {"resolve", "dismiss"}
    return possible | ({"take"} if case.assigned_to_id is None else set())


def _is_hidden(measures: list[str]) -> bool:
    return HIDE in measures and RESTORE not in measures


def _who(request: Any) -> dict[str, Any]:
    return {"actor_id": request.user.pk, "request_id": request_id_of(request)}


def _why(request: Any, form: Any) -> dict[str, Any]:
    return {**_who(request), "reason": form.cleaned_data["reason"]}


def _page(case_id: Any) -> str:
    return reverse("admin:moderation_case_change", args=[case_id])


def _list() -> str:
    return reverse("admin:moderation_case_changelist")
