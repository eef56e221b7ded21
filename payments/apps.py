"""Start of the app: guards, checks, and who it listens to."""

from django.apps import AppConfig
from django.core.checks import Tags, register

__all__ = ["PaymentsConfig"]


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = "Payments"

    def ready(self) -> None:
        from pairly.accounts import exports as personal_data
        from pairly.accounts.events import UserRegistered
        from pairly.approvals.registry import register as register_approval
        from pairly.core.appendonly import guard_after_migrate
        from pairly.core.invariants import register_invariants
        from pairly.outbox.services import subscribe
        from payments import frames  # noqa: F401 - registers the event of wallets.
        from payments.adjustments.services import register_approvals
        from payments.checks import (
            check_fraud_settings,
            check_ledger_settings,
            check_payment_settings,
        )
        from payments.events import WebhookReceived
        from payments.exports import (
            attempts_export,
            disputes_export,
            purchases_export,
            refunds_export,
            wallet_export,
        )
        from payments.fraud.invariants import INVARIANTS as OF_REVIEWS
        from payments.freezes.invariants import freezes_stop_spending
        from payments.handlers import open_wallets_of_the_new
        from payments.intents.invariants import INVARIANTS as OF_PURCHASES
        from payments.ledger.invariants import INVARIANTS as OF_THE_LEDGER
        from payments.refunds.services import APPROVAL_KIND, carry_out, drop
        from payments.reports.invariants import INVARIANTS as OF_REPORTS
        from payments.webhooks.processing import process_received

        guard_after_migrate(self)
        register_approvals()
        register(check_ledger_settings, "payments", Tags.security)
        register(check_payment_settings, "payments", Tags.security)
        register(check_fraud_settings, "payments", Tags.security)
        register_invariants(*OF_THE_LEDGER, *OF_PURCHASES, *OF_REVIEWS, freezes_stop_spending)
        register_invariants(*OF_REPORTS)
        subscribe(WebhookReceived, process_received)
        subscribe(UserRegistered, open_wallets_of_the_new, inside=True)
        personal_data.register("credits", wallet_export)
        personal_data.register("purchases", purchases_export)
        personal_data.register("purchase_attempts", attempts_export)
        personal_data.register("refunds", refunds_export)
        personal_data.register("disputes", disputes_export)
        register_approval(
            kind=APPROVAL_KIND,
            permission="refunds.approve",
            title="Refund above the limit",
            execute=carry_out,
            on_reject=drop,
        )
