"""The audit log: searched, never changed."""

from typing import Any
from uuid import UUID

import orjson
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from unfold.decorators import display

from pairly.accounts.selectors import user_by_email
from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_filters import MadeAtFilter, TextFilter
from pairly.accounts.staff_rows import Names, moment, person_link
from pairly.accounts.staff_selectors import starting_with
from pairly.audit.models import AuditBlock, AuditEntry, Sealed
from pairly.audit.selectors import chain_status
from pairly.jobs.selectors import last_run

__all__ = ["AuditAdmin", "search_entries"]

TARGET_TYPES = (
    "user",
    "mail",
    "mock_push",
    "suppression",
    "job",
    "outbox_event",
    "package",
    "intent",
    "webhook",
    "ledger",
    "account",
    "message",
    "conversation",
    "attachment",
    "case",
    "moderation_rules",
)


def search_entries(found: "QuerySet[AuditEntry]", text: str) -> "QuerySet[AuditEntry]":
    """By actor or target (an id, or the e-mail address of a person), else by how the action
    begins."""
    text = text.strip()
    user = user_by_email(text) if "@" in text else None
    user_id = user.pk if user else _uuid(text)
    if user_id is not None:
        about = Q(target_type__in=TARGET_TYPES, target_id=str(user_id))
        return found.filter(Q(actor_id=user_id) | about)
    return found.filter(starting_with("action", text.lower()))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


class ActionFilter(TextFilter):  # type: ignore[misc]
    """Exactly, so that the index gives them in their order; the search takes beginnings."""

    title = "action"
    parameter_name = "what"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        return queryset.filter(action=wanted.strip().lower()) if wanted else queryset


class AuditAdmin(ReadOnlyAdmin):
    area = "System"
    icon = "history"
    view_permission = "audit.view"

    list_display = ("made_at", "action", "target", "actor", "reason")
    list_filter = (ActionFilter, ("created_at", MadeAtFilter))
    list_before_template = "staff/facts.html"
    search_fields = ("action",)
    search_help_text = "A person's e-mail or id, another target's id, or the start of an action"
    sortable_by = ()
    ordering = ("-id",)
    fieldsets = (
        (
            "What was done",
            {
                "fields": (
                    ("action", "made_at"),
                    ("target", "actor"),
                    "reason",
                    ("before_text", "after_text"),
                )
            },
        ),
        ("Chain", {"fields": (("id", "request_id"), ("place", "leaf_hash"))}),
    )
    readonly_fields = ("made_at", "target", "actor", "before_text", "after_text", "place", "id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (search_entries(queryset, search_term) if search_term else queryset), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        answer: HttpResponse = super().changelist_view(
            request, {**(extra_context or {}), "facts": _chain_facts()}
        )
        return answer

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Names of the page's actors and targets in one query."""
        changes = super().get_changelist_instance(request)
        rows = list(changes.result_list)
        names = Names.of([one.actor_id for one in rows] + [_user_target(one) for one in rows])
        for one in rows:
            one.names = names
        changes.result_list = rows
        return changes

    @display(description="When (UTC)")
    def made_at(self, entry: AuditEntry) -> str:
        return moment(entry.created_at)

    @display(description="By")
    def actor(self, entry: Any) -> str:
        return self._names(entry)[entry.actor_id]

    @display(description="Target")
    def target(self, entry: Any) -> str:
        user_id = _user_target(entry)
        if user_id is not None:
            return person_link(user_id, self._names(entry)[user_id])
        return f"{entry.target_type} {entry.target_id}"

    @display(description="Before")
    def before_text(self, entry: AuditEntry) -> str:
        return _pretty(entry.before)

    @display(description="After")
    def after_text(self, entry: AuditEntry) -> str:
        return _pretty(entry.after)

    @display(description="Place in the chain")
    def place(self, entry: AuditEntry) -> str:
        sealed = Sealed.objects.filter(entry_id=entry.pk).first()
        if sealed is None:
            return "waits to be sealed"
        blocks = AuditBlock.objects.filter(first_sequence__lte=sealed.sequence)
        block = blocks.order_by("-number").first()
        return f"entry {sealed.sequence:,} in block {block.number if block else '?'}"

    @staticmethod
    def _names(entry: Any) -> Names:
        if not hasattr(entry, "names"):
            entry.names = Names.of([entry.actor_id, _user_target(entry)])
        names: Names = entry.names
        return names


def _user_target(entry: AuditEntry) -> UUID | None:
    return UUID(entry.target_id) if entry.target_type == "user" else None


def _pretty(text: str) -> str:
    value = orjson.loads(text)
    if value is None:
        return "–"
    lines = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return format_html('<pre class="staff-code">{}</pre>', lines)


def _chain_facts() -> list[tuple[str, Any]]:
    status, run = chain_status(), last_run("audit.verify_audit")
    checked = "not yet"
    if run is not None:
        checked = f"{'BROKEN' if run.error else 'good'}, {moment(run.started_at)}"
    return [
        ("Sealed", f"{status.entries:,} entries in {status.blocks:,} blocks"),
        ("Newest block", moment(status.sealed_at)),
        ("Waiting", f"{status.waiting:,}"),
        ("Last verification", checked),
        ("Head", format_html('<code class="staff-code">{}</code>', status.head[:16] or "–")),
    ]
