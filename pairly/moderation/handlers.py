"""What moderation does when people report, or show something new of themselves."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.conf import settings

from pairly.accounts.events import (
    PhotoChanged,
    ProfileChanged,
    ReportMade,
    UserDeleted,
    UserRegistered,
)
from pairly.accounts.models import Report, User
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.moderation.classifier import Action, Verdict, assess
from pairly.moderation.models import Case, Notice
from pairly.moderation.people import profile_text
from pairly.moderation.services import Flag, open_cases, report_cases

__all__ = [
    "forget_notices",
    "look_at_new_people",
    "look_at_photos",
    "look_at_profiles",
    "queue_reports",
]

REVIEW = Verdict(Action.FLAG, reason=Report.Reason.OTHER.value)


def queue_reports(events: Sequence[ReportMade]) -> None:
    """Runs inside the report's transaction: there is no report without its case."""
    report_cases(events, events[0].at)


def look_at_profiles(events: Sequence[ProfileChanged]) -> None:
    _look_at_words({event.user_id for event in events})


def look_at_new_people(events: Sequence[UserRegistered]) -> None:
    """Those made by a command have no words of their own."""
    _look_at_words({event.user_id for event in events if event.bonus})


def _look_at_words(user_ids: Iterable[UUID]) -> None:
    """A profile speaks to everybody, so it is judged like a first message. Once more joins the
    case, or opens one again after a decision, and no harm is done."""
    people = User.objects.filter(pk__in=list(user_ids), deleted_at=None)
    found = [(user, assess(profile_text(user)).decide(answered=False)) for user in people]
    flags = [
        Flag(Case.TargetType.PROFILE.value, user.pk, user.pk, profile_text(user), verdict)
        for user, verdict in found
        if verdict.action is not Action.ALLOW
    ]
    run_atomic(lambda: open_cases(flags, clock.now()))


def look_at_photos(events: Sequence[PhotoChanged]) -> None:
    """No program of ours looks at pictures: staff look at each new one, where settings say so."""
    if not settings.MODERATION_PHOTO_REVIEW:
        return
    kind = Case.TargetType.PHOTO.value
    flags = [Flag(kind, one.user_id, one.user_id, "", REVIEW) for one in events]
    run_atomic(lambda: open_cases(flags, clock.now()))


def forget_notices(events: Sequence[UserDeleted]) -> None:
    """Runs inside the transaction of the deletion: what was told to somebody goes with them."""
    Notice.objects.filter(user_id__in=[event.user_id for event in events]).delete()
