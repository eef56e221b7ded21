"""The base of every page of the staff site.

What a page may do is a permission of ``roles.PERMISSIONS``; what it changes goes through a
service, which audits. Lists never count a whole table.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.admin import ModelAdmin as DjangoModelAdmin
from django.contrib.admin import ShowFacets
from django.core import checks
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin
from unfold.checks import UnfoldModelAdminChecks

from pairly.accounts import roles

__all__ = ["AREAS", "BoundedPaginator", "Page", "ReadOnlyAdmin", "StaffModelAdmin"]

AREAS = ("People", "Moderation", "Money", "Ledger", "Messaging", "Analytics", "System")
PAGE_ROWS = 50
LISTED_ROWS_MAX = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page that shows no table; ``admin.site.add_page`` takes it. ``name`` is its address's,
    without ``admin:``."""

    name: str
    title: str
    permission: str
    area: str = "System"
    icon: str = "article"


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than ``LISTED_ROWS_MAX`` rows: who looks for more narrows the search."""

    template_name = "staff/pagination.html"

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        if isinstance(rows, QuerySet):
            return len(rows.order_by().values_list("pk", flat=True)[:LISTED_ROWS_MAX])
        return min(len(rows), LISTED_ROWS_MAX)

    @property
    def is_cut(self) -> bool:
        return self.count == LISTED_ROWS_MAX


class _OwnTransactions(DjangoModelAdmin):  # type: ignore[type-arg]
    """Django wraps these views in its own transaction, which holds SQLite's write lock while our
    services queue for it, and is void on MongoDB. Services have transactions of their own."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        return self._changeform_view(  # type: ignore[attr-defined]
            request, object_id, form_url, extra_context
        )

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return self._delete_view(request, object_id, extra_context)  # type: ignore[attr-defined]


class StaffChecks(UnfoldModelAdminChecks):  # type: ignore[misc]
    """Actions name permissions of ours; the theme would look for them in Django's table."""

    def _check_unfold_action_permission_methods(self, obj: Any) -> list[checks.CheckMessage]:
        return [
            checks.Error(f"{one.action_name} names the unknown permission {code!r}", obj=type(obj))
            for one in (
                *obj._get_base_actions_list(),
                *obj._get_base_actions_detail(),
                *obj._get_base_actions_row(),
            )
            for code in getattr(one.method, "allowed_permissions", ["none"])
            if code not in roles.PERMISSIONS
        ]


class StaffModelAdmin(ModelAdmin, _OwnTransactions):  # type: ignore[misc]
    """A page for staff. Without ``change_permission`` it changes nothing.

    A subclass that lets rows be added or changed overrides ``save_model`` to call its service.
    Order by an indexed column, search and filter by indexed columns only. Actions name their
    permission as it is: ``@action(permissions=["users.act"])``. Whatever moves money calls
    ``step_up.require_fresh_second_factor(request)`` first.
    """

    area: ClassVar[str] = "System"
    """The heading of the navigation that it stands under, one of ``AREAS``."""
    icon: ClassVar[str] = "table_rows"
    """Of the navigation: a name of Material Symbols."""

    view_permission: ClassVar[str]
    change_permission: ClassVar[str | None] = None
    add_permission: ClassVar[str | None] = None

    checks_class = StaffChecks
    paginator = BoundedPaginator
    list_per_page = PAGE_ROWS
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_filter_submit = True
    compressed_fields = True

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Nobody knows how many rows there are in all, so the page does not offer them."""
        response = super().changelist_view(request, extra_context)
        shown = (getattr(response, "context_data", None) or {}).get("cl")
        if shown is not None:
            shown.full_result_count = shown.result_count
        return response

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(self.view_permission)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._is_permitted(request, self.change_permission)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._is_permitted(request, self.add_permission)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def _is_permitted(self, request: HttpRequest, code: str | None) -> bool:
        return code is not None and request.user.has_perm(code)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: Any) -> None:
        raise NotImplementedError(f"{type(self).__name__} must save through a service")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Services write whole rows; there is nothing else to save."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        raise Http404  # The audit log is the history.

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Services write the audit log; Django's own is not kept."""

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """As ``log_addition``."""


class ReadOnlyAdmin(StaffModelAdmin):
    """Rows to look at, whoever looks."""

    def get_form(
        self, request: HttpRequest, obj: Model | None = None, change: bool = False, **options: Any
    ) -> Any:
        """Without the columns' help, which is for who fills them in."""
        silent = dict.fromkeys((field.name for field in self.opts.fields), "")
        return super().get_form(request, obj, change, **{"help_texts": silent, **options})

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
