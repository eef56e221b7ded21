"""Background work on accounts."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models

from pairly.accounts.models import Device, Mail, MailedSecret, SignInAttempt, SocketTicket
from pairly.core import clock
from pairly.core.db import run_atomic

__all__ = ["remove_expired"]

ROWS_AT_ONCE = 1000


def remove_expired() -> int:
    """Delete what has served its time (docs/data-retention.md), some rows per transaction; how
    many there were."""
    now = clock.now()
    horizon = now - timedelta(days=settings.SIGN_IN_HISTORY_DAYS)
    return sum(
        _remove(rows)
        for rows in (
            SocketTicket.objects.filter(expires_at__lte=now).order_by("expires_at"),
            MailedSecret.objects.filter(expires_at__lte=now).order_by("expires_at"),
            Device.objects.filter(expires_at__lte=horizon).order_by("expires_at"),
            SignInAttempt.objects.filter(created_at__lte=horizon).order_by("created_at"),
            Mail.objects.filter(created_at__lte=horizon).order_by("id"),
            Session.objects.filter(expire_date__lte=now).order_by("expire_date"),
        )
    )


def _remove(rows: "models.QuerySet[Any]") -> int:
    removed = 0
    while ids := list(rows.values_list("pk", flat=True)[:ROWS_AT_ONCE]):
        removed += _delete(rows.model, ids)
    return removed


def _delete(model: type[models.Model], ids: Sequence[Any]) -> int:
    deleted: int = run_atomic(lambda: model._default_manager.filter(pk__in=ids).delete()[0])
    return deleted
