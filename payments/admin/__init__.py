"""The pages of payments on the staff site."""

from typing import Any

from django.contrib import admin

from payments.admin.disputes import DisputeAdmin
from payments.admin.fraud import FraudCheckAdmin, ReviewAdmin
from payments.admin.fraud_rules import RuleSetAdmin
from payments.admin.intents import IntentAdmin
from payments.admin.ledger import AccountAdmin, BlockAdmin
from payments.admin.observed import ObservedAdmin
from payments.admin.packages import PackageAdmin
from payments.admin.prices import CreditPriceAdmin
from payments.admin.reconciliation import BreakAdmin, ReconciliationAdmin
from payments.admin.refunds import RefundAdmin
from payments.admin.reports import (
    LIABILITY,
    REVENUE,
    STATISTICS,
    liability_view,
    revenue_view,
    statistics_view,
)
from payments.admin.transfers import TransferAdmin
from payments.admin.webhooks import WebhookAdmin
from payments.models import (
    Account,
    Block,
    Break,
    CreditPrice,
    Dispute,
    FraudCheck,
    Intent,
    Observed,
    Package,
    Reconciliation,
    Refund,
    Review,
    RuleSet,
    Transfer,
    Webhook,
)

admin.site.register(Package, PackageAdmin)
admin.site.register(CreditPrice, CreditPriceAdmin)
admin.site.register(Intent, IntentAdmin)
admin.site.register(Refund, RefundAdmin)
admin.site.register(Dispute, DisputeAdmin)
admin.site.register(Observed, ObservedAdmin)
admin.site.register(Webhook, WebhookAdmin)
admin.site.register(Reconciliation, ReconciliationAdmin)
admin.site.register(Break, BreakAdmin)
admin.site.register(Account, AccountAdmin)
admin.site.register(Transfer, TransferAdmin)
admin.site.register(Block, BlockAdmin)
admin.site.register(Review, ReviewAdmin)
admin.site.register(FraudCheck, FraudCheckAdmin)
admin.site.register(RuleSet, RuleSetAdmin)

site: Any = admin.site
site.add_page("revenue/", revenue_view, REVENUE)
site.add_page("liability/", liability_view, LIABILITY)
site.add_page("statistics/", statistics_view, STATISTICS)
