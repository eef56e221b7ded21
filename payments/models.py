"""Everything that payments store; each table is described where it is made."""

from payments.adjustments.models import Adjustment, AdjustmentDay
from payments.disputes.models import Dispute
from payments.fraud.models import FraudCheck, Review, RuleSet
from payments.freezes.models import Freeze
from payments.gateways.models import MockDispute, MockLine, MockPayment, MockRefund
from payments.intents.models import Intent, Observed, Receipt, ReceiptCounter
from payments.ledger.models import (
    Account,
    Block,
    Checkpoint,
    OpenHold,
    Phase,
    Sealed,
    Transfer,
    Unsealed,
    VerifiedBalance,
)
from payments.packages.models import Package, Price
from payments.pricing.models import CreditPrice
from payments.reconciliation.models import Break, Reconciliation
from payments.refunds.models import Refund
from payments.reports.models import (
    CreditDay,
    IntentDay,
    Movement,
    Outstanding,
    Progress,
    RevenueDay,
)
from payments.webhooks.models import Webhook

__all__ = [
    "Account",
    "Adjustment",
    "AdjustmentDay",
    "Block",
    "Break",
    "Checkpoint",
    "CreditDay",
    "CreditPrice",
    "Freeze",
    "Dispute",
    "FraudCheck",
    "Intent",
    "IntentDay",
    "MockDispute",
    "MockLine",
    "MockPayment",
    "MockRefund",
    "Movement",
    "Observed",
    "OpenHold",
    "Outstanding",
    "Package",
    "Phase",
    "Price",
    "Progress",
    "Receipt",
    "ReceiptCounter",
    "Reconciliation",
    "Refund",
    "Review",
    "RuleSet",
    "RevenueDay",
    "Sealed",
    "Transfer",
    "Unsealed",
    "VerifiedBalance",
    "Webhook",
]
