"""Routes of payments, below ``/api/v1/``."""

from django.conf import settings
from django.urls import URLPattern, path

from payments import api
from payments import staff_ledger_urls as ledger
from payments.adjustments.api import AdjustmentsView
from payments.disputes.staff_api import StaffDisputesView
from payments.fraud.urls import urlpatterns as fraud
from payments.freezes.api import FreezeView, UnfreezeView
from payments.intents import api as intents
from payments.packages.staff_api import StaffPackagesView, StaffPackageView
from payments.pricing.staff_api import StaffPricesView
from payments.reconciliation import urls as reconciliation
from payments.refunds.staff_api import RefundPaymentView, StaffRefundsView
from payments.reports import urls as reports
from payments.staff_api import FinancesView, StaffPaymentsView, StaffPaymentView
from payments.webhooks import staff_api as staff_webhooks
from payments.webhooks.api import WebhookView

PERSON = "staff/users/<uuid:user_id>"

urlpatterns: list[URLPattern] = [
    path("packages", intents.PackagesView.as_view(), name="packages"),
    path("payments/intents", intents.IntentsView.as_view(), name="intents"),
    path("payments/intents/<uuid:intent_id>", intents.IntentView.as_view(), name="intent"),
    path(
        "payments/intents/<uuid:intent_id>/cancel",
        intents.CancelView.as_view(),
        name="cancel-intent",
    ),
    path("payments/receipts/<uuid:receipt_id>", intents.ReceiptView.as_view(), name="receipt"),
    path("webhooks/<str:provider>", WebhookView.as_view(), name="webhook"),
    path("staff/payments", StaffPaymentsView.as_view(), name="staff-payments"),
    path("staff/payments/packages", StaffPackagesView.as_view(), name="staff-packages"),
    path("staff/payments/packages/<slug:code>", StaffPackageView.as_view(), name="staff-package"),
    path("staff/payments/prices", StaffPricesView.as_view(), name="staff-prices"),
    path("staff/users/<uuid:user_id>/finances", FinancesView.as_view(), name="staff-user-finances"),
    path("staff/payments/refunds", StaffRefundsView.as_view(), name="staff-refunds"),
    path("staff/payments/disputes", StaffDisputesView.as_view(), name="staff-disputes"),
    path("staff/payments/<uuid:intent_id>", StaffPaymentView.as_view(), name="staff-payment"),
    path(
        "staff/payments/<uuid:intent_id>/refund",
        RefundPaymentView.as_view(),
        name="staff-refund-payment",
    ),
    path("staff/webhooks", staff_webhooks.StaffWebhooksView.as_view(), name="staff-webhooks"),
    path(
        "staff/webhooks/replay",
        staff_webhooks.ReplayDeadWebhooksView.as_view(),
        name="staff-replay-webhooks",
    ),
    path(
        "staff/webhooks/<uuid:webhook_id>",
        staff_webhooks.StaffWebhookView.as_view(),
        name="staff-webhook",
    ),
    path(
        "staff/webhooks/<uuid:webhook_id>/replay",
        staff_webhooks.ReplayWebhookView.as_view(),
        name="staff-replay-webhook",
    ),
    path(
        "staff/webhooks/<uuid:webhook_id>/discard",
        staff_webhooks.DiscardWebhookView.as_view(),
        name="staff-discard-webhook",
    ),
    path(f"{PERSON}/adjustments", AdjustmentsView.as_view(), name="staff-adjustments"),
    path(f"{PERSON}/freeze", FreezeView.as_view(), name="staff-freeze"),
    path(f"{PERSON}/unfreeze", UnfreezeView.as_view(), name="staff-unfreeze"),
    *reconciliation.urlpatterns,
    *fraud,
    *ledger.urlpatterns,
    *reports.urlpatterns,
    path("prices", api.PricesView.as_view(), name="prices"),
    path("wallet", api.WalletView.as_view(), name="wallet"),
    path("wallet/transactions", api.TransactionsView.as_view(), name="transactions"),
    path("ledger/head", api.HeadView.as_view(), name="ledger-head"),
    path("ledger/transfers/<path:transfer_id>/proof", api.ProofView.as_view(), name="ledger-proof"),
]
if settings.MOCK_MODE:
    from payments.simulator.api import MockPaymentView

    urlpatterns.append(
        path("mock/payments/<uuid:intent_id>", MockPaymentView.as_view(), name="mock-payment")
    )
