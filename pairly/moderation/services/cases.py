"""Cases come into being: by the classifier and by reports, many at a time, inside the
transaction of what they are about."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import IntegrityError

from pairly.accounts.events import ReportMade
from pairly.accounts.models import Report
from pairly.accounts.services import time_to_decide
from pairly.alerts.models import Severity
from pairly.alerts.services import raise_alert
from pairly.core.db import StaleRead, change_one, run_atomic
from pairly.core.errors import NotFound, ValidationFailed
from pairly.moderation.classifier.signals import UNEXAMINED
from pairly.moderation.classifier.verdicts import Verdict
from pairly.moderation.models import Case, open_key
from pairly.moderation.subjects import subject_of

__all__ = [
    "MINOR_ALERT",
    "UNEXAMINED_ALERT",
    "Flag",
    "forget_content",
    "forget_old_content",
    "open_cases",
    "report_cases",
]

MINOR_ALERT = "child_in_danger"
UNEXAMINED_ALERT = "classifier_away"

TEXT_CHARACTERS_MAX = 10_000
SIGNALS_LENGTH_MAX = 300
BETWEEN_TEXTS = "\n\n– – –\n\n"
FORGOTTEN_AT_ONCE = 500

Reason = Report.Reason
GRAVITY = (
    *(Reason.MINOR, Reason.VIOLENCE, Reason.SEXUAL_CONTENT, Reason.NUDITY, Reason.HATE),
    *(Reason.HARASSMENT, Reason.SPAM, Reason.OTHER),
)
CHANGING = (
    *("reason", "priority", "text", "score", "signals", "rules_version"),
    *("reports", "flags", "due_at"),
)


class Flag(msgspec.Struct, frozen=True):
    """What was let through and may not be right, or who tried what was not."""

    target_type: str
    target_id: UUID
    author_id: UUID
    text: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word that something is not right: of the classifier, or a report's."""

    target_type: str
    target_id: UUID
    author_id: UUID
    reason: str
    text: str
    due_at: datetime
    verdict: Verdict | None = None


def open_cases(flags: Sequence[Flag], now: datetime) -> None:
    """Queue what the classifier flagged or blocked. Two statements for any number of new ones."""
    if flags:
        _open([_word_of(flag, now) for flag in flags], now)


def _word_of(flag: Flag, now: datetime) -> Word:
    reason = flag.verdict.reason or Reason.OTHER.value
    return Word(
        target_type=flag.target_type,
        target_id=flag.target_id,
        author_id=flag.author_id,
        reason=reason,
        text=flag.text,
        due_at=now + time_to_decide(reason),
        verdict=flag.verdict,
    )


def report_cases(reports: Sequence[ReportMade], now: datetime) -> None:
    """Queue what people report. Raises ``NotFound`` for what nobody has, ``ValidationFailed`` for
    what is the reporter's own."""
    _open([_word_of_report(report) for report in reports], now)


def _word_of_report(report: ReportMade) -> Word:
    subject = subject_of(report.target_type)
    author_id = subject.author_of(report.target_id, report.reporter_id)
    if author_id is None:
        raise NotFound
    if author_id == report.reporter_id:
        raise ValidationFailed.of("target_id", "self", "You cannot report what is yours.")
    return Word(
        target_type=report.target_type,
        target_id=report.target_id,
        author_id=author_id,
        reason=report.reason,
        text=subject.text_of(report.target_id),
        due_at=report.due_at,
    )


def _open(words: Sequence[Word], now: datetime) -> None:
    keys = {_key_of(word) for word in words}
    found = {case.open_key: case for case in Case.objects.filter(open_key__in=sorted(keys))}
    known = set(found)
    first_before = {key for key, case in found.items() if case.priority == Case.Priority.FIRST}
    for word in words:
        key = _key_of(word)
        found[key] = _joined(found.get(key) or _begun(key, word, now), word)
    _insert([case for key, case in found.items() if key not in known])
    for key in known:
        _change(found[key])
    urgent = (case for key, case in found.items() if key not in first_before)
    _alert(urgent, words, now)


def _key_of(word: Word) -> str:
    return open_key(word.target_type, word.target_id, word.author_id)


def _begun(key: str, word: Word, now: datetime) -> Case:
    return Case(
        open_key=key,
        target_type=word.target_type,
        target_id=word.target_id,
        author_id=word.author_id,
        reason=word.reason,
        priority=Case.Priority.USUAL,
        due_at=word.due_at,
        created_at=now,
    )


def _joined(case: Case, word: Word) -> Case:
    """The case with one word more: the gravest reason, the earliest end, every wording."""
    case.reason = min(case.reason, word.reason, key=GRAVITY.index)
    if case.reason == Reason.MINOR:
        case.priority = Case.Priority.FIRST
    case.due_at = min(case.due_at, word.due_at)
    if word.text and word.text not in case.text:
        texts = (case.text, word.text) if case.text else (word.text,)
        case.text = _cut(BETWEEN_TEXTS.join(texts))
    if word.verdict is None:
        case.reports += 1
        return case
    case.flags += 1
    if word.verdict.score >= case.score:
        found = ", ".join(f"{name} {count}" for name, count in word.verdict.signals)
        case.score, case.signals = word.verdict.score, found[:SIGNALS_LENGTH_MAX]
        case.rules_version = word.verdict.rules
    return case


def _cut(text: str) -> str:
    """The beginning and the end of what is too long: whoever writes more and more pushes out
    neither the words that a case began with nor the newest."""
    if len(text) <= TEXT_CHARACTERS_MAX:
        return text
    half = TEXT_CHARACTERS_MAX // 2
    return f"{text[:half]}{BETWEEN_TEXTS}{text[-half:]}"


def _insert(cases: list[Case]) -> None:
    try:
        Case.objects.bulk_create(cases)
    except IntegrityError as error:
        raise StaleRead("somebody else opened the case") from error


def _change(case: Case) -> None:
    """Only as it was read: it may have been decided at the same moment, and then is run again."""
    as_read = Case.objects.filter(pk=case.pk, version=case.version)
    values = {name: getattr(case, name) for name in CHANGING}
    if not change_one(as_read, version=case.version + 1, **values):
        raise StaleRead("the case changed meanwhile")


def _alert(cases: Iterable[Case], words: Sequence[Word], now: datetime) -> None:
    for case in cases:
        if case.priority == Case.Priority.FIRST:
            raise_alert(
                kind=MINOR_ALERT,
                key=str(case.pk),
                severity=Severity.CRITICAL,
                title="A child may be in danger",
                details=f"Case {case.pk}, to be decided by {case.due_at:%H:%M} UTC.",
                now=now,
            )
    if any(word.verdict and dict(word.verdict.signals).get(UNEXAMINED) for word in words):
        raise_alert(
            kind=UNEXAMINED_ALERT,
            key="",
            severity=Severity.WARNING,
            title="The external classifier does not answer",
            details="Messages are decided by the heuristics alone, and flagged.",
            now=now,
        )


def forget_content(*, target_type: str, target_id: UUID) -> None:
    """Empty what cases keep of a thing that is gone for ever."""
    cases = Case.objects.filter(target_id=target_id, target_type=target_type)
    run_atomic(lambda: cases.update(text=""))


def forget_old_content(*, now: datetime) -> int:
    """Empty what cases keep, ``MODERATION_CONTENT_DAYS`` after they were decided; how many."""
    until = now - timedelta(days=settings.MODERATION_CONTENT_DAYS)
    old = Case.objects.filter(decided_at__lte=until).exclude(text="")
    forgotten = 0
    while ids := list(old.values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE]):
        rows = Case.objects.filter(pk__in=ids)
        forgotten += run_atomic(lambda rows=rows: rows.update(text=""))  # type: ignore[misc]
    return forgotten
