"""Routes of payments, below ``/api/v1/``."""

from django.urls import path

from payments import api

urlpatterns = [
    path("prices", api.PricesView.as_view(), name="prices"),
    path("wallet", api.WalletView.as_view(), name="wallet"),
    path("wallet/transactions", api.TransactionsView.as_view(), name="transactions"),
    path("ledger/head", api.HeadView.as_view(), name="ledger-head"),
    path("ledger/transfers/<path:transfer_id>/proof", api.ProofView.as_view(), name="ledger-proof"),
]
