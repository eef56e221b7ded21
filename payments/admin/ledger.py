"""The ledger explorer: accounts, transfers and blocks. Nothing of it is ever changed here."""

from typing import Any

import orjson
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from pairly.accounts.staff_admin import LISTED_ROWS_MAX, ReadOnlyAdmin
from pairly.accounts.staff_dialogs import PlainForm, dialog, done
from pairly.accounts.staff_filters import MadeAtFilter
from pairly.accounts.staff_rows import chip, moment, person_link
from pairly.audit.services import look
from pairly.core import clock
from pairly.core.errors import Conflict
from pairly.core.http import request_id_of
from payments.ledger import explorer
from payments.ledger.accounts import DEBT_STOP, FREEZE_STOP
from payments.ledger.explorer import TransferFilter
from payments.ledger.models import Account, Block, Transfer

__all__ = ["AccountAdmin", "BlockAdmin", "TransferAdmin"]

OPERATIONS = ("message:", "purchase:", "bonus:", "goodwill:", "grant:")
PHASES = {"posted": "success", "pending": "warning", "post": "info", "void": ""}


class LedgerAdmin(ReadOnlyAdmin):
    area = "Ledger"
    view_permission = "ledger.view"
    sortable_by = ()


def code(text: str) -> str:
    return format_html('<code class="staff-code">{}</code>', text)


def look_at_owner(request: Any, owner_id: Any) -> None:
    """A person's accounts and transfers are private; the house's are not."""
    if owner_id is not None:
        look(
            actor_id=request.user.pk,
            action="user.ledger_viewed",
            target_type="user",
            target_id=owner_id,
            request_id=request_id_of(request),
        )


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

    def change_view(self, request: Any, object_id: str, *rest: Any, **context: Any) -> Any:
        account = self.get_object(request, object_id)
        look_at_owner(request, account.owner_id if account else None)
        return super().change_view(request, object_id, *rest, **context)

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
        return f"{explorer.house_totals().get(account.key, 0):,}"

    @display(description="Opened (UTC)")
    def made_at(self, account: Account) -> str:
        return moment(account.created_at)

    @display(description="Transfers", empty_value="–")
    def transfers_link(self, account: Account) -> str | None:
        if account.owner_id is None:
            return None
        address = reverse("admin:payments_transfer_changelist")
        return format_html(
            '<a class="staff-link" href="{}?q={}">of the owner</a>', address, account.owner_id
        )


class OperationFilter(admin.SimpleListFilter):
    """Which kind of operation; ``Transfers`` below reads it."""

    title = "operation"
    parameter_name = "operation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(one, one.rstrip(":").capitalize()) for one in OPERATIONS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset


class TimeFilter(MadeAtFilter):
    """As above: a transfer's key tells no time."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset


class Transfers(ChangeList):
    """The list is what the explorer finds, no more than the newest so many."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        super().get_queryset(request, exclude_parameters)
        found = self._wanted(request).page(None, LISTED_ROWS_MAX)
        rows = Transfer.objects.filter(pk__in=[one.pk for one in found])
        return rows.select_related("debit", "credit").order_by("-created_at", "-id")

    def _wanted(self, request: HttpRequest) -> TransferFilter:
        operation, since, until = "", None, None
        for spec in self.filter_specs:
            if isinstance(spec, OperationFilter):
                operation = spec.value() or ""
            elif isinstance(spec, TimeFilter):
                since, until = spec.moment("from"), spec.moment("to")
        text = self.query.strip()
        owner_id = explorer.owner_of(text) if text else None
        if text and owner_id is None:
            operation = text
        look_at_owner(request, owner_id)
        return TransferFilter(owner_id=owner_id, operation=operation, since=since, until=until)


class TransferAdmin(LedgerAdmin):
    icon = "swap_horiz"

    list_display = ("made_at", "kind", "phase_name", "amount_text", "from_key", "to_key", "id_text")
    list_filter = (OperationFilter, ("created_at", TimeFilter))
    search_fields = ("id",)
    search_help_text = "A person's e-mail or id, or the start of an operation: message:…"
    ordering = ("-created_at",)
    fieldsets = (
        (
            "Transfer",
            {
                "fields": (
                    ("id_text", "made_at"),
                    ("from_key", "to_key"),
                    ("amount_text", "phase_name"),
                    ("kind", "group_text"),
                    ("resolves", "meta_text"),
                )
            },
        ),
        ("Chain", {"fields": (("place", "leaf_hash"),)}),
    )
    readonly_fields = (
        *("id_text", "made_at", "from_key", "to_key", "amount_text", "phase_name"),
        *("group_text", "meta_text", "place"),
    )

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return Transfers

    def change_view(self, request: Any, object_id: str, *rest: Any, **context: Any) -> Any:
        transfer = self.get_object(request, object_id)
        if isinstance(transfer, Transfer):
            for account in (transfer.debit, transfer.credit):
                look_at_owner(request, account.owner_id)
        return super().change_view(request, object_id, *rest, **context)

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
    def group_text(self, transfer: Transfer) -> str:
        return code(transfer.group)

    @display(description="Meta")
    def meta_text(self, transfer: Transfer) -> str:
        return code(orjson.dumps(orjson.loads(transfer.meta), option=orjson.OPT_INDENT_2).decode())

    @display(description="Place")
    def place(self, transfer: Transfer) -> str:
        found = explorer.place_of(transfer.pk)
        if found is None:
            return "waits to be sealed"
        address = reverse("admin:payments_block_change", args=[found[1]])
        return format_html(
            'transfer {} in <a class="staff-link" href="{}">block {}</a>',
            f"{found[0]:,}",
            address,
            found[1],
        )

    @staticmethod
    def _account(account: Account) -> str:
        address = reverse("admin:payments_account_change", args=[account.pk])
        whose = "house" if account.owner_id is None else account.owner_id.hex[-6:]
        return format_html(
            '<a class="staff-link" href="{}">{} {}</a>', address, whose, account.kind
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
