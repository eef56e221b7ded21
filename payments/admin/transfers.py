"""Transfers: found by person, operation, kind, group or time, and one with its proof."""

from typing import Any

import orjson
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from pairly.accounts.staff_admin import LISTED_ROWS_MAX
from pairly.accounts.staff_dialogs import DateTimeField, SelectField, dialog
from pairly.accounts.staff_filters import MadeAtFilter, TextFilter
from pairly.accounts.staff_rows import moment
from pairly.core import clock
from pairly.core.errors import PermissionDenied
from payments.admin.ledger import LedgerAdmin
from payments.admin.links import code, transfer_link
from payments.ledger import explorer
from payments.ledger.models import Account, Transfer
from payments.ledger.proofs import prove_any
from payments.ledger.search import Search, kinds_of_transfers
from payments.staff_ledger_access import download, look_at_owner, look_at_sides
from payments.staff_ledger_serializers import ExportQuerySerializer

__all__ = ["TransferAdmin"]

PHASES = {"posted": "success", "pending": "warning", "post": "info", "void": ""}
FORMATS = [("csv", "CSV, for spreadsheets"), ("ndjson", "JSON lines, for programs")]


class KindFilter(admin.SimpleListFilter):
    """Which kind; ``Transfers`` below reads it."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(one, one.replace("_", " ").capitalize()) for one in kinds_of_transfers()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset


class GroupFilter(TextFilter):  # type: ignore[misc]
    """As above: all legs of one operation."""

    title = "group"
    parameter_name = "group"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset


class TimeFilter(MadeAtFilter):
    """As above: a transfer's key tells no time."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset


class Transfers(ChangeList):
    """The list is what the search finds, no more than the newest so many."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        super().get_queryset(request, exclude_parameters)
        search = self._wanted(request)
        found = search.page(None, LISTED_ROWS_MAX)
        if search.cut_at is not None:
            sentence = f"Looked at back to {moment(search.cut_at)}; ask for a time before that."
            messages.info(request, sentence)
        rows = Transfer.objects.filter(pk__in=[one.pk for one in found])
        return rows.select_related("debit", "credit").order_by("-created_at", "-id")

    def _wanted(self, request: HttpRequest) -> Search:
        wanted: dict[str, Any] = {}
        for spec in self.filter_specs:
            if isinstance(spec, KindFilter):
                wanted["kind"] = spec.value() or ""
            elif isinstance(spec, GroupFilter):
                wanted["group"] = (spec.value() or "").strip()
            elif isinstance(spec, TimeFilter):
                wanted["since"], wanted["until"] = spec.moment("from"), spec.moment("to")
        text = self.query.strip()
        owner_id = explorer.owner_of(text) if text else None
        look_at_owner(request, owner_id)
        return Search(owner_id=owner_id, operation="" if owner_id else text, **wanted)


class ExportForm(BaseDialogForm):  # type: ignore[misc]
    format = SelectField(label="Format", choices=FORMATS)
    since = DateTimeField(label="From (UTC)", required=False)
    until = DateTimeField(label="Before (UTC)", required=False)
    kind = SelectField(label="Kind", required=False)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        kind: Any = self.fields["kind"]
        kind.choices = [("", "All"), *((one, one) for one in kinds_of_transfers())]

    def query(self) -> str:
        given = {name: value for name, value in self.cleaned_data.items() if value}
        return urlencode(
            {
                name: clock.to_rfc3339(value) if name in ("since", "until") else value
                for name, value in given.items()
            }
        )


class TransferAdmin(LedgerAdmin):
    icon = "swap_horiz"

    list_display = ("made_at", "kind", "phase_name", "amount_text", "from_key", "to_key", "id_text")
    list_filter = (KindFilter, GroupFilter, ("created_at", TimeFilter))
    search_fields = ("id",)
    search_help_text = "A person's e-mail or id, or the start of an operation: message:…"
    ordering = ("-created_at",)
    actions_list = ("export",)
    fieldsets = (
        (
            "Transfer",
            {
                "fields": (
                    ("id_text", "made_at"),
                    ("from_key", "to_key"),
                    ("amount_text", "phase_name"),
                    ("kind", "group_link"),
                    ("hold", "meta_text"),
                    "others",
                )
            },
        ),
        ("Chain", {"fields": (("place", "leaf_hash"), "proof")}),
    )
    readonly_fields = (
        *("id_text", "made_at", "from_key", "to_key", "amount_text", "phase_name"),
        *("group_link", "hold", "meta_text", "others", "place", "proof"),
    )

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return Transfers

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.export_view)
        return [
            path("export-file/", page, name="payments_transfer_export_file"),
            *super().get_urls(),
        ]

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """With what belongs to it, read once for all fields of the page."""
        transfer = super().get_object(request, object_id, from_field)
        if transfer is not None:
            transfer.detail = explorer.detail_of(transfer.pk)
        return transfer

    def change_view(self, request: Any, object_id: str, *rest: Any, **context: Any) -> Any:
        transfer = self.get_object(request, object_id)
        if transfer is not None:
            look_at_sides(request, transfer.detail)
        return super().change_view(request, object_id, *rest, **context)

    @action(
        description="Export",
        permissions=["exports.act"],
        icon="download",
        dialog=dialog(
            "Export transfers",
            "Every sealed transfer of that time, in the order of the chain. It is noted.",
            submit="Download",
            form=ExportForm,
        ),
    )
    def export(self, request: HttpRequest, form: ExportForm) -> HttpResponse:
        address = reverse("admin:payments_transfer_export_file")
        return HttpResponse(headers={"HX-Redirect": f"{address}?{form.query()}"})

    def export_view(self, request: Any) -> HttpResponseBase:
        if not request.user.has_perm("exports.act"):
            raise PermissionDenied
        wanted = ExportQuerySerializer(data=request.GET)
        wanted.is_valid(raise_exception=True)
        return download(request, **wanted.validated_data)

    @display(description="When (UTC)")
    def made_at(self, transfer: Transfer) -> str:
        return moment(transfer.created_at)

    @display(description="Phase", label=PHASES)
    def phase_name(self, transfer: Transfer) -> str:
        return transfer.phase

    @display(description="Amount")
    def amount_text(self, transfer: Transfer) -> str:
        return f"{transfer.amount:,} {transfer.asset}"

    @display(description="From")
    def from_key(self, transfer: Transfer) -> str:
        return self._account(transfer.debit)

    @display(description="To")
    def to_key(self, transfer: Transfer) -> str:
        return self._account(transfer.credit)

    @display(description="Operation")
    def id_text(self, transfer: Transfer) -> str:
        return code(transfer.pk)

    @display(description="Group")
    def group_link(self, transfer: Transfer) -> str:
        address = reverse("admin:payments_transfer_changelist")
        query = urlencode({"group": transfer.group})
        return format_html(
            '<a class="staff-link" href="{}?{}">{}</a>', address, query, code(transfer.group)
        )

    @display(description="Others of the group", empty_value="none")
    def others(self, transfer: Any) -> str | None:
        rows = [(transfer_link(one.pk), self.amount_text(one)) for one in transfer.detail.others]
        return format_html_join(", ", "{} {}", rows) or None

    @display(description="Hold", empty_value="–")
    def hold(self, transfer: Any) -> str | None:
        detail = transfer.detail
        if detail.resolves is not None:
            return format_html("ends {}", transfer_link(detail.resolves.pk))
        if detail.resolved_by is not None:
            return format_html("ended by {}", transfer_link(detail.resolved_by.pk))
        return "open" if transfer.phase == "pending" else None

    @display(description="Meta")
    def meta_text(self, transfer: Transfer) -> str:
        return code(orjson.dumps(orjson.loads(transfer.meta), option=orjson.OPT_INDENT_2).decode())

    @display(description="Place")
    def place(self, transfer: Any) -> str:
        detail = transfer.detail
        if detail.block is None:
            return "waits to be sealed"
        address = reverse("admin:payments_block_change", args=[detail.block])
        return format_html(
            'transfer {} in <a class="staff-link" href="{}">block {}</a>',
            f"{detail.sequence:,}",
            address,
            detail.block,
        )

    @display(description="Proof")
    def proof(self, transfer: Transfer) -> str:
        """To be checked elsewhere, as docs/ledger.md tells."""
        proof = prove_any(transfer_id=transfer.pk, now=clock.now())
        text = orjson.dumps(proof, option=orjson.OPT_INDENT_2).decode()
        return format_html('<pre class="staff-code">{}</pre>', text)

    @staticmethod
    def _account(account: Account) -> str:
        address = reverse("admin:payments_account_change", args=[account.pk])
        whose = "house" if account.owner_id is None else account.owner_id.hex[-6:]
        return format_html(
            '<a class="staff-link" href="{}">{} {}</a>', address, whose, account.kind
        )
