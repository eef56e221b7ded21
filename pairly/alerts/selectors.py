"""Reads of alerts, each by an index."""

from django.db.models import QuerySet

from pairly.alerts.models import Alert, Severity

__all__ = ["alerts_in", "open_of_kind", "open_alerts"]

LISTED_MAX = 200
"""Open alerts are few: one for each thing that is wrong. More are cut off."""


def alerts_in(state: str) -> "QuerySet[Alert]":
    """Open or resolved ones; order by ``-id``."""
    return Alert.objects.filter(state=state)


def open_of_kind(kind: str) -> "QuerySet[Alert]":
    """The open ones of a kind, whatever their key; order by ``key``."""
    return Alert.objects.filter(state=Alert.State.OPEN, kind=kind)


def open_alerts() -> list[Alert]:
    """Critical ones first, then the newest; at most ``LISTED_MAX``."""
    newest = alerts_in(Alert.State.OPEN).order_by("-id")[:LISTED_MAX]
    return sorted(newest, key=lambda alert: alert.severity != Severity.CRITICAL)
