"""The writes of moderation. Each function is one transaction, or joins the caller's."""

from pairly.moderation.services.cases import (
    Flag,
    forget_content,
    forget_old_content,
    open_cases,
    report_cases,
)
from pairly.moderation.services.decisions import (
    dismiss_case,
    refund_case,
    release_case,
    resolve_case,
    restore_case,
    take_case,
)
from pairly.moderation.services.rules import change_rules

__all__ = [
    "Flag",
    "change_rules",
    "dismiss_case",
    "forget_content",
    "forget_old_content",
    "open_cases",
    "refund_case",
    "release_case",
    "report_cases",
    "resolve_case",
    "restore_case",
    "take_case",
]
