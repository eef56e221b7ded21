"""What staff may do: one table, role to permissions.

A role is a Django group, and membership is all that is stored; what a role may do is looked up
here, so that a release changes it and nobody's database drifts. ``view`` reads, ``act`` changes.
"""

from collections.abc import Iterable
from typing import Final

__all__ = ["CHOICES", "PERMISSIONS", "ROLES", "SUPERADMIN", "permissions_of"]

SUPERADMIN: Final = "superadmin"

PERMISSIONS: Final[dict[str, str]] = {
    "users.view": "See people, their devices, wallets, payments, calls and reports",
    "users.act": "Suspend and restore people, end their sign-ins, unlock them",
    "users.note": "Write staff notes about people",
    "roles.act": "Give and take staff roles",
    "moderation.view": "See reports and the moderation queue",
    "moderation.act": "Decide reports, hide messages, end calls",
    "content.view": "Read private messages, with a reason",
    "content.act": "Export private conversations",
    "content.erase": "Erase private messages for ever",
    "payments.view": "See intents, webhooks, receipts and reconciliation",
    "payments.act": "Replay or discard webhooks, resolve breaks, edit packages",
    "refunds.act": "Refund payments",
    "refunds.approve": "Approve refunds above the limit",
    "credits.grant": "Give goodwill credits up to a cap",
    "credits.grant_any": "Give and take credits beyond that, write debt off, freeze spending",
    "approvals.view": "See what waits for a second person, and decide what one's role may",
    "ledger.view": "See accounts, transfers and verification",
    "fraud.view": "See fraud scores and the review queue",
    "fraud.act": "Decide reviews, edit fraud rules",
    "analytics.view": "See dashboards",
    "exports.act": "Export data",
    "audit.view": "See the audit log",
    "notifications.view": "See what people were told, on which channel, and how it went",
    "notifications.act": "Send dead letters again, try texts on oneself",
    "notifications.broadcast": "Write broadcasts, approve those of others, stop them",
    "system.view": "See jobs, alerts, live calls and presence",
    "system.act": "Run jobs, acknowledge alerts, change settings",
}

ROLES: Final[dict[str, frozenset[str]]] = {
    SUPERADMIN: frozenset(PERMISSIONS),
    "admin": frozenset(PERMISSIONS) - {"roles.act", "content.erase"},
    "moderator": frozenset(
        {
            "users.view",
            "users.act",
            "users.note",
            "moderation.view",
            "moderation.act",
            "content.view",
            "notifications.view",
            "system.view",
        }
    ),
    "support": frozenset(
        {
            "users.view",
            "users.note",
            "moderation.view",
            "payments.view",
            "ledger.view",
            "credits.grant",
            "approvals.view",
            "notifications.view",
            "notifications.act",
        }
    ),
    "finance": frozenset(
        {
            "users.view",
            "payments.view",
            "payments.act",
            "refunds.act",
            "refunds.approve",
            "credits.grant",
            "credits.grant_any",
            "approvals.view",
            "ledger.view",
            "fraud.view",
            "fraud.act",
            "analytics.view",
            "exports.act",
        }
    ),
    "analyst": frozenset({"analytics.view", "payments.view", "ledger.view", "system.view"}),
}

CHOICES: Final = [(name, name) for name in ROLES]


def permissions_of(role_names: Iterable[str]) -> frozenset[str]:
    """All that the roles permit together. A group that is no role permits nothing."""
    return frozenset().union(*(ROLES.get(name, frozenset()) for name in role_names))
