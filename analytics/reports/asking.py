"""What may be asked of each kind of report, from checked fields to the arguments that it takes."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from analytics.reports.cohorts import Bracket, Retention
from analytics.reports.funnels import STEPS_MAX, Funnel, Step
from analytics.reports.kinds import KINDS, Options
from analytics.reports.selectors import Asked
from analytics.reports.spans import span_asked
from analytics.reports.sql import PEOPLE_COLUMNS
from analytics.reports.vocabulary import check_event, check_property
from pairly.core.errors import NotFound, ValidationFailed

__all__ = ["BRACKETS_MAX", "EXCLUSIONS_MAX", "PERIODS_MAX", "asked_of"]

PERIODS_MAX: Final = 90
BRACKETS_MAX: Final = 10
EXCLUSIONS_MAX: Final = 4
STEP: Final = re.compile(r"(?P<name>[a-z_.]+)(?::(?P<property>[a-z_]+)=(?P<value>[^,]{1,100}))?")
BRACKET: Final = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")

Fields = Mapping[str, Any]


def asked_of(kind: str, fields: Fields, now: datetime) -> Asked:
    """From a query's checked fields. Raises ``ValidationFailed`` for what makes no sense, and
    ``NotFound`` for a kind that there is not."""
    if kind not in KINDS:
        raise NotFound
    span = span_asked(fields["first"], fields["last"], fields["timezone"], now)
    if span.today - span.first > timedelta(days=settings.ANALYTICS_KEEP_DAYS):
        detail = f"Events are kept for {settings.ANALYTICS_KEEP_DAYS} days."
        raise ValidationFailed.of("first", "too_early", detail)
    options = OPTIONS.get(kind, _interval)(fields)
    return Asked(kind=KINDS[kind], span=span, options=options, compare=fields.get("compare", False))


def _nothing(fields: Fields) -> Options:
    return {}


def _interval(fields: Fields) -> Options:
    return {"interval": fields["interval"]}


def _retention(fields: Fields) -> Options:
    for name in ("start", "returning"):
        if fields[name]:
            check_event(name, fields[name])
    if fields["rolling"] and fields["period"] == "month":
        raise ValidationFailed.of("period", "invalid", "Months have no fixed number of hours.")
    return {
        "asked": Retention(
            **{name: fields[name] for name in ("start", "returning", "cohort", "period")},
            **{name: fields[name] for name in ("kind", "rolling", "periods", "by")},
            brackets=_brackets(fields["brackets"]),
        )
    }


def _brackets(text: str) -> tuple[Bracket, ...]:
    """``1,2-3,4-7``: each begins after the one before has ended."""
    found: list[Bracket] = []
    for part in text.split(","):
        matched = BRACKET.fullmatch(part.strip())
        first, last = (int(one or matched[1]) for one in matched.groups()) if matched else (1, 0)
        if first > last or (found and first <= found[-1][1]):
            detail = "Brackets are numbers and ranges, one after the other: 1,2-3,4-7."
            raise ValidationFailed.of("brackets", "invalid", detail)
        found.append((first, last))
    if len(found) > BRACKETS_MAX:
        raise ValidationFailed.of("brackets", "max_length", f"At most {BRACKETS_MAX} brackets.")
    return tuple(found)


def _funnel(fields: Fields) -> Options:
    steps = _steps("steps", fields["steps"], 2, STEPS_MAX)
    exclusions = _steps("exclude", fields["exclude"], 0, EXCLUSIONS_MAX)
    if set(steps) & set(exclusions):
        raise ValidationFailed.of("exclude", "invalid", "A step cannot be excluded.")
    by = fields["by"]
    if by and by not in PEOPLE_COLUMNS:
        check_property("by", steps[0].name, by)
    window = timedelta(hours=fields["window_hours"])
    return {"asked": Funnel(steps=steps, exclusions=exclusions, window=window, by=by)}


def _steps(field: str, text: str, least: int, most: int) -> tuple[Step, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not least <= len(parts) <= most:
        raise ValidationFailed.of(field, "invalid", f"There are {least} to {most} of them.")
    return tuple(_step(field, part) for part in parts)


def _step(field: str, text: str) -> Step:
    matched = STEP.fullmatch(text)
    if matched is None:
        detail = f"{text!r} is neither event nor event:property=value."
        raise ValidationFailed.of(field, "invalid", detail)
    step = Step(**{name: value or "" for name, value in matched.groupdict().items()})
    check_event(field, step.name)
    if step.property:
        check_property(field, step.name, step.property)
    return step


def _features(fields: Fields) -> Options:
    event, property = fields["event"], fields["property"]
    if event:
        check_event("event", event)
    if property:
        check_property("property", event, property)
    return {"event": event, "property": property}


def _acquisition(fields: Fields) -> Options:
    return {"interval": fields["interval"], "by": fields["by"]}


def _lifetime(fields: Fields) -> Options:
    return {"cohort": fields["cohort"], "periods": fields["periods"]}


OPTIONS: Final[dict[str, Callable[[Fields], Options]]] = {
    "active-users": _nothing,
    "retention": _retention,
    "cohorts": _retention,
    "funnels": _funnel,
    "features": _features,
    "acquisition": _acquisition,
    "lifetime": _lifetime,
}
"""Those that are not here take an interval."""
