"""Links of the ledger's pages to each other."""

from django.urls import reverse
from django.utils.html import format_html

__all__ = ["code", "transfer_link"]


def code(text: str) -> str:
    return format_html('<code class="staff-code">{}</code>', text)


def transfer_link(transfer_id: str) -> str:
    address = reverse("admin:payments_transfer_change", args=[transfer_id])
    return format_html('<a class="staff-link" href="{}">{}</a>', address, code(transfer_id))
