"""Doing a thing once however often it is asked for: the rules of the Idempotency-Key.

A key is claimed by inserting its row, never by looking first. Who finds it taken learns why:
other content (422), still running (409), or the answer of the first time. A worker that died
leaves a lock that lapses; who comes next takes over under a new token and the same operation id,
and so resumes what was begun.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, models

from pairly.core.db import change_one, run_atomic
from pairly.core.errors import Conflict, PairlyError
from pairly.core.ids import new_id
from pairly.core.models import IdempotencyKey

__all__ = [
    "Claim",
    "IdempotencyInProgress",
    "IdempotencyKeyRequired",
    "IdempotencyMismatch",
    "KeptAnswer",
    "claim",
    "finish",
    "release",
    "remove_expired",
    "unlock",
]

CLAIM_ATTEMPTS_MAX = 3
REMOVED_AT_ONCE_MAX = 1000


class IdempotencyKeyRequired(PairlyError):
    code = "idempotency_key_required"
    status = 400
    title = "The header Idempotency-Key is missing."


class IdempotencyMismatch(PairlyError):
    code = "idempotency_mismatch"
    status = 422
    title = "This Idempotency-Key was used for another request."


class IdempotencyInProgress(Conflict):
    code = "idempotency_in_progress"
    title = "The first request with this Idempotency-Key is still running."


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do the work. ``operation_id`` names what is made."""

    name: str
    token: UUID
    operation_id: UUID


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered the first time: HTTP status and JSON body."""

    status: int
    body: str


def claim(*, user_id: UUID, key: str, fingerprint: str, now: datetime) -> Claim | KeptAnswer:
    """Claim the key, or get the first answer.

    Raises ``IdempotencyMismatch``, or ``IdempotencyInProgress`` with the seconds to wait.
    """
    name = f"{user_id.hex}:{key}"
    for _attempt in range(CLAIM_ATTEMPTS_MAX):
        try:
            return _insert(name, fingerprint, now)
        except IntegrityError:
            row = IdempotencyKey.objects.filter(pk=name).first()
        if row is not None:
            return _join(row, fingerprint, now)
    raise IdempotencyInProgress(retry_after_seconds=1)


def finish(claimed: Claim, *, status: int, body: str) -> None:
    """Keep the answer. Raises ``IdempotencyInProgress`` if another worker has taken over."""
    if not run_atomic(lambda: change_one(_held(claimed), status=status, body=body)):
        raise IdempotencyInProgress(retry_after_seconds=1)


def release(claimed: Claim) -> None:
    """Forget the key: the request was refused, and a refusal does not use it up."""
    run_atomic(lambda: _held(claimed).delete())


def unlock(claimed: Claim, *, now: datetime) -> None:
    """The work broke off: whoever asks next may resume it at once."""
    run_atomic(lambda: change_one(_held(claimed), locked_until=now))


def remove_expired(*, now: datetime) -> int:
    """Delete the rows whose time is over, a bounded number in a transaction; how many."""
    removed = 0
    while names := _expired(now):
        removed += run_atomic(lambda: _remove(names))
    return removed


def _expired(now: datetime) -> list[str]:
    rows = IdempotencyKey.objects.filter(expires_at__lte=now).order_by("expires_at")
    return list(rows.values_list("pk", flat=True)[:REMOVED_AT_ONCE_MAX])


def _remove(names: list[str]) -> int:
    return IdempotencyKey.objects.filter(pk__in=names).delete()[0]


def _insert(name: str, fingerprint: str, now: datetime) -> Claim:
    claimed = Claim(name, new_id(), new_id())
    row = IdempotencyKey(id=name, created_at=now, **_fresh(claimed, fingerprint, now))
    run_atomic(lambda: row.save(force_insert=True))
    return claimed


def _fresh(claimed: Claim, fingerprint: str, now: datetime) -> dict[str, object]:
    return {
        "fingerprint": fingerprint,
        "operation_id": claimed.operation_id,
        "token": claimed.token,
        "locked_until": now + timedelta(seconds=settings.IDEMPOTENCY_LOCK_SECONDS),
        "status": 0,
        "body": "",
        "expires_at": now + timedelta(hours=settings.IDEMPOTENCY_KEEP_HOURS),
    }


def _join(row: IdempotencyKey, fingerprint: str, now: datetime) -> Claim | KeptAnswer:
    """What somebody gets who finds the key taken."""
    if row.expires_at <= now:
        claimed = Claim(row.pk, new_id(), new_id())
        return _take_over(row, claimed, **_fresh(claimed, fingerprint, now))
    if row.fingerprint != fingerprint:
        raise IdempotencyMismatch
    if row.status:
        return KeptAnswer(row.status, row.body)
    seconds_left = (row.locked_until - now).total_seconds()
    if seconds_left > 0:
        raise IdempotencyInProgress(retry_after_seconds=math.ceil(seconds_left))
    lock_ends = now + timedelta(seconds=settings.IDEMPOTENCY_LOCK_SECONDS)
    claimed = Claim(row.pk, new_id(), row.operation_id)
    return _take_over(row, claimed, token=claimed.token, locked_until=lock_ends)


def _take_over(row: IdempotencyKey, claimed: Claim, **values: object) -> Claim:
    seen = IdempotencyKey.objects.filter(pk=row.pk, token=row.token, locked_until=row.locked_until)
    if not run_atomic(lambda: change_one(seen, **values)):
        raise IdempotencyInProgress(retry_after_seconds=1)
    return claimed


def _held(claimed: Claim) -> "models.QuerySet[IdempotencyKey]":
    return IdempotencyKey.objects.filter(pk=claimed.name, token=claimed.token)
