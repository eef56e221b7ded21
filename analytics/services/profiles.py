"""Whose profile is complete for the first time."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from analytics.models import CompletedProfile
from analytics.services.ingest import Fact, record
from pairly.accounts.selectors import with_whole_profile
from pairly.core.db import run_atomic

__all__ = ["note_completed"]


def note_completed(changed_at: Mapping[UUID, datetime]) -> None:
    """Of the people whose profile changed at that time, tell of those who have a photo and a bio
    now; of each once in a life. Killed in between, the fact is told again and known."""
    known = CompletedProfile.objects.filter(pk__in=list(changed_at))
    new = with_whole_profile(changed_at.keys()) - set(known.values_list("pk", flat=True))
    record(
        [
            Fact(str(user_id), user_id, "profile.completed", changed_at[user_id], {})
            for user_id in new
        ]
    )
    for user_id in new:
        with suppress(IntegrityError):  # another handler noted it at the same moment
            run_atomic(
                lambda user_id=user_id: CompletedProfile.objects.create(  # type: ignore[misc]
                    pk=user_id, completed_at=changed_at[user_id]
                )
            )
