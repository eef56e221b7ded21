"""The ledger explorer: accounts and blocks. Nothing of it is ever changed here."""

from typing import Any
from uuid import UUID

import orjson
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import PlainForm, dialog, done
from pairly.accounts.staff_rows import chip, moment, person_link
from pairly.core import clock
from pairly.core.errors import Conflict, PermissionDenied
from pairly.core.http import request_id_of
from payments.admin.links import code
from payments.admin.statements import statement_view
from payments.ledger import explorer
from payments.ledger.accounts import DEBT_STOP, FREEZE_STOP
from payments.ledger.models import Account, Block
from payments.staff_ledger_access import look_at_owner

__all__ = ["AccountAdmin", "BlockAdmin", "LedgerAdmin"]


class LedgerAdmin(ReadOnlyAdmin):
    area = "Ledger"
    view_permission = "ledger.view"
    sortable_by = ()


class HouseFilter(admin.SimpleListFilter):
    title = "owner"
    parameter_name = "whose"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("house", "The house")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return explorer.find_accounts(house_only=True) if self.value() else queryset


class AccountAdmin(LedgerAdmin):
    icon = "account_balance"

    list_display = ("key_text", "kind", "asset", "owner_link", "stands_at", "held", "state")
    list_filter = (HouseFilter,)
    search_fields = ("key",)
    search_help_text = "A person's e-mail or id, or the start of an account's key"
    ordering = ("-key",)
    fieldsets = (
        (
            "Account",
            {
                "fields": (
                    ("owner_link", "kind"),
                    ("stands_at", "asset"),
                    ("held", "state"),
                    ("key_text", "id"),
                    ("made_at", "transfers_link"),
                )
            },
        ),
    )
    readonly_fields = (
        "state",
        "owner_link",
        "stands_at",
        "key_text",
        "id",
        "made_at",
        "transfers_link",
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        look_at_owner(request, explorer.owner_of(search_term))
        return queryset & explorer.find_accounts(search_term), False

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.statement_view)
        address = path("statement/<uuid:user_id>/", page, name="payments_account_statement")
        return [address, *super().get_urls()]

    def statement_view(self, request: HttpRequest, user_id: UUID) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        answer: HttpResponseBase = statement_view(
            request, user_id, self.admin_site.each_context(request)
        )
        return answer

    def change_view(self, request: Any, object_id: str, *rest: Any, **context: Any) -> Any:
        account = self.get_object(request, object_id)
        look_at_owner(request, account.owner_id if account else None)
        return super().change_view(request, object_id, *rest, **context)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """What the house stands at, once for all rows."""
        changes = super().get_changelist_instance(request)
        rows = list(changes.result_list)
        totals = explorer.house_totals()
        for row in rows:
            row.total = totals.get(row.key, 0)
        changes.result_list = rows
        return changes

    @display(description="Key")
    def key_text(self, account: Account) -> str:
        return code(account.key)

    @display(description="Owner")
    def owner_link(self, account: Account) -> str:
        """By id alone: who may see the ledger may not always see who people are."""
        if account.owner_id is None:
            return "the house"
        return person_link(account.owner_id, f"…{account.owner_id.hex[-12:]}")

    @display(description="State")
    def state(self, account: Account) -> str:
        """What stops spending from it."""
        owes = chip("owes", "danger") if account.stops & DEBT_STOP else ""
        return owes + (chip("frozen", "warning") if account.stops & FREEZE_STOP else "")

    @display(description="Balance")
    def stands_at(self, account: Account) -> str:
        """Of the house as of the newest block, since its accounts keep none."""
        if account.owner_id is not None:
            return f"{account.balance:,}"
        total = getattr(account, "total", None)
        return f"{explorer.house_totals().get(account.key, 0) if total is None else total:,}"

    @display(description="Opened (UTC)")
    def made_at(self, account: Account) -> str:
        return moment(account.created_at)

    @display(description="Transfers", empty_value="–")
    def transfers_link(self, account: Account) -> str | None:
        if account.owner_id is None:
            return None
        return format_html(
            '<a class="staff-link" href="{}?q={}">of the owner</a>, '
            '<a class="staff-link" href="{}">statement</a>',
            reverse("admin:payments_transfer_changelist"),
            account.owner_id,
            reverse("admin:payments_account_statement", args=[account.owner_id]),
        )


class BlockAdmin(LedgerAdmin):
    icon = "link"

    list_display = ("number_text", "sealed", "first_sequence", "count", "hash_start", "key_start")
    list_before_template = "staff/facts.html"
    ordering = ("-number",)
    actions_list = ("verify",)
    fieldsets = (
        (
            "Block",
            {
                "fields": (
                    ("number", "sealed"),
                    ("first_sequence", "count"),
                    "totals_text",
                    "root",
                    "previous_hash",
                    "hash",
                    "key",
                    "signature",
                )
            },
        ),
    )
    readonly_fields = ("sealed", "totals_text")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        answer: HttpResponse = super().changelist_view(
            request, {**(extra_context or {}), "facts": _chain_facts()}
        )
        return answer

    @action(
        description="Verify now",
        permissions=["payments.act"],
        icon="verified",
        variant=ActionVariant.PRIMARY,
        dialog=dialog(
            "Verify the ledger",
            "What came since the last verification; all of it: manage.py verify_ledger.",
            submit="Verify",
            form=PlainForm,
        ),
    )
    def verify(self, request: Any, form: Any) -> HttpResponse:
        report = explorer.verify_for_staff(
            actor_id=request.user.pk, now=clock.now(), request_id=request_id_of(request)
        )
        if not report.ok:
            raise Conflict(f"THE LEDGER IS BROKEN: {report.problem}")
        sentence = f"Good: {report.transfers:,} transfers in {report.blocks:,} blocks."
        return done(request, sentence, reverse("admin:payments_block_changelist"))

    @display(description="Block")
    def number_text(self, block: Block) -> str:
        return f"{block.number:,}"

    @display(description="Sealed (UTC)")
    def sealed(self, block: Block) -> str:
        return moment(block.sealed_at)

    @display(description="Hash")
    def hash_start(self, block: Block) -> str:
        return code(block.hash[:16])

    @display(description="Signed by")
    def key_start(self, block: Block) -> str:
        return code(block.key[:16])

    @display(description="House accounts after it")
    def totals_text(self, block: Block) -> str:
        lines = [f"{key}  {int(total):,}" for key, total in orjson.loads(block.totals).items()]
        return format_html('<pre class="staff-code">{}</pre>', "\n".join(lines))


def _chain_facts() -> list[tuple[str, Any]]:
    chain = explorer.chain()
    sealed = moment(chain.sealed_at) if chain.sealed_at else "nothing yet"
    verified = "not yet"
    if chain.verified_at:
        verified = f"up to block {chain.verified_block:,}, {moment(chain.verified_at)}"
    return [
        ("Sealed", f"{chain.transfers:,} transfers in {chain.blocks:,} blocks"),
        ("Newest block", sealed),
        ("Verified", verified),
        ("Head", code(chain.head[:16] or "–")),
    ]
