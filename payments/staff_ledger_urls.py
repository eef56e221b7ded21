"""Routes of the ledger for staff, below ``/api/v1/``."""

from django.urls import URLPattern, path

from payments import staff_ledger

LEDGER = "staff/ledger"

urlpatterns: list[URLPattern] = [
    path(f"{LEDGER}/accounts", staff_ledger.StaffAccountsView.as_view(), name="staff-accounts"),
    path(
        f"{LEDGER}/accounts/<uuid:account_id>",
        staff_ledger.StaffAccountView.as_view(),
        name="staff-account",
    ),
    path(f"{LEDGER}/transfers", staff_ledger.StaffTransfersView.as_view(), name="staff-transfers"),
    path(
        f"{LEDGER}/transfers/<path:transfer_id>/proof",
        staff_ledger.StaffProofView.as_view(),
        name="staff-proof",
    ),
    path(
        f"{LEDGER}/transfers/<path:transfer_id>",
        staff_ledger.StaffTransferView.as_view(),
        name="staff-transfer",
    ),
    path(
        f"{LEDGER}/statements/<uuid:user_id>",
        staff_ledger.StatementView.as_view(),
        name="staff-statement",
    ),
    path(
        f"{LEDGER}/statements/<uuid:user_id>/export",
        staff_ledger.ExportStatementView.as_view(),
        name="staff-export-statement",
    ),
    path(f"{LEDGER}/export", staff_ledger.ExportTransfersView.as_view(), name="staff-export"),
    path(f"{LEDGER}/blocks", staff_ledger.StaffBlocksView.as_view(), name="staff-blocks"),
    path(f"{LEDGER}/chain", staff_ledger.ChainView.as_view(), name="staff-chain"),
    path(f"{LEDGER}/verify", staff_ledger.VerifyLedgerView.as_view(), name="staff-verify-ledger"),
]
