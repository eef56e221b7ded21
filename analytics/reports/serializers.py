"""Wire shapes of reports. Shares are between 0 and 1, money is in minor units, times of the day are
by the clock of ``timezone``."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from rest_framework import serializers

from analytics.reports.asking import PERIODS_MAX
from analytics.reports.cohorts import BRACKETS_DEFAULT, KINDS
from analytics.reports.exporting import FORMATS
from analytics.reports.models import NAME_CHARACTERS_MAX, SavedReport
from analytics.reports.spans import INTERVALS
from analytics.reports.sql import PEOPLE_COLUMNS

__all__ = [
    "ANSWERS",
    "QUERIES",
    "EventsExportQuerySerializer",
    "ExportQuerySerializer",
    "LiveSerializer",
    "SavedReportSerializer",
    "SavedReportsSerializer",
    "SpanQuerySerializer",
    "UsageSerializer",
    "fields_of",
]

zone_names = cache(available_timezones)
"""Read from the disk once."""

TEXT_CHARACTERS_MAX = 500
HOURS_MAX = 90 * 24
WEEK_HOURS = 7 * 24
DEFAULT_BRACKETS = ",".join(f"{a}" if a == b else f"{a}-{b}" for a, b in BRACKETS_DEFAULT)


def _word(help_text: str = "", characters_max: int = 40) -> serializers.CharField:
    """Empty where nothing is asked for."""
    return serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=characters_max,
        help_text=help_text,
    )


class SpanQuerySerializer(serializers.Serializer[Any]):
    first = serializers.DateField(required=False, default=None, help_text="30 days before `last`.")
    last = serializers.DateField(required=False, default=None, help_text="Included; today.")
    timezone = serializers.CharField(
        required=False, default="UTC", max_length=64, help_text="Of the IANA database."
    )
    compare = serializers.BooleanField(
        required=False, default=False, help_text="Also as many days just before, in `previous`."
    )

    def validate_timezone(self, value: str) -> str:
        if value not in zone_names():
            raise serializers.ValidationError("There is no such time zone.", "invalid_choice")
        return value


class IntervalQuerySerializer(SpanQuerySerializer):
    """Widened to whole weeks or months."""

    interval = serializers.ChoiceField(INTERVALS, default="day")


class RetentionQuerySerializer(SpanQuerySerializer):
    start = _word("An event, whose first ever is the start; else the registration.")
    returning = _word("An event that counts as coming back; else any activity.")
    cohort = serializers.ChoiceField(INTERVALS, default="week")
    period = serializers.ChoiceField(INTERVALS, default="day")
    kind = serializers.ChoiceField(KINDS, default="n_day")
    rolling = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Periods of 24 hours from each person's own start, not of the calendar.",
    )
    periods = serializers.IntegerField(
        required=False, default=12, min_value=1, max_value=PERIODS_MAX
    )
    brackets = serializers.CharField(
        required=False,
        default=DEFAULT_BRACKETS,
        max_length=TEXT_CHARACTERS_MAX,
        help_text="Of kind `bracket`.",
    )
    by = serializers.ChoiceField(PEOPLE_COLUMNS, required=False, default="", allow_blank=True)


class FunnelQuerySerializer(SpanQuerySerializer):
    steps = serializers.CharField(
        max_length=TEXT_CHARACTERS_MAX,
        help_text="2 to 8, separated by commas: `event`, or `event:property=value`.",
    )
    exclude = _word("Events that spoil an attempt, written as steps are.", TEXT_CHARACTERS_MAX)
    window_hours = serializers.IntegerField(
        required=False,
        default=WEEK_HOURS,
        min_value=1,
        max_value=HOURS_MAX,
        help_text="From the first step.",
    )
    by = _word("A property of people, or of the first step's event.")


class FeaturesQuerySerializer(SpanQuerySerializer):
    event = _word()
    property = _word("Tell its values apart.")


class AcquisitionQuerySerializer(IntervalQuerySerializer):
    by = serializers.ChoiceField(PEOPLE_COLUMNS, required=False, default="", allow_blank=True)


class LifetimeQuerySerializer(SpanQuerySerializer):
    cohort = serializers.ChoiceField(INTERVALS[1:], default="month")
    periods = serializers.IntegerField(
        required=False, default=12, min_value=1, max_value=PERIODS_MAX
    )


QUERIES: Final[dict[str, type[SpanQuerySerializer]]] = {
    "active-users": SpanQuerySerializer,
    "growth": IntervalQuerySerializer,
    "churn": IntervalQuerySerializer,
    "retention": RetentionQuerySerializer,
    "cohorts": RetentionQuerySerializer,
    "funnels": FunnelQuerySerializer,
    "features": FeaturesQuerySerializer,
    "acquisition": AcquisitionQuerySerializer,
    "messaging": IntervalQuerySerializer,
    "calling": IntervalQuerySerializer,
    "revenue": IntervalQuerySerializer,
    "lifetime": LifetimeQuerySerializer,
}
"""By the kind of the report."""


def fields_of(kind: str, query: Mapping[str, Any]) -> dict[str, Any]:
    """The checked fields of a query. Raises REST framework's ``ValidationError``."""
    checked = QUERIES[kind](data=query)
    checked.is_valid(raise_exception=True)
    values: dict[str, Any] = checked.validated_data
    return values


# Answers


def _count(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(**options)


def _maybe(help_text: str = "") -> serializers.IntegerField:
    return serializers.IntegerField(allow_null=True, help_text=help_text)


def _share() -> serializers.FloatField:
    return serializers.FloatField(allow_null=True)


class ActiveUsersRowSerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    dau = _count()
    wau = _count(help_text="In the 7 days that end with it.")
    mau = _count(help_text="In the 28 days that end with it.")
    stickiness = _share()
    complete = serializers.BooleanField(help_text="Whether the day is over.")


class GrowthRowSerializer(serializers.Serializer[Any]):
    period = serializers.DateField()
    active = _count()
    new = _count()
    returning = _count()
    resurrected = _count()
    dormant = _maybe("Null while the period runs.")
    complete = serializers.BooleanField()


class ChurnRowSerializer(serializers.Serializer[Any]):
    period = serializers.DateField()
    base = _count(help_text="Active in the period before.")
    churned = _maybe("Of these, not active in this one; null while it runs.")
    rate = _share()
    complete = serializers.BooleanField()


class RetentionRowSerializer(serializers.Serializer[Any]):
    value = serializers.CharField(help_text="Of the property `by`.")
    n = serializers.CharField(help_text="How many periods after the start: `7` or `4-7`.")
    size = _count()
    retained = _maybe("Null while nobody can have come back yet.")
    rate = _share()
    complete = serializers.BooleanField(help_text="Whether it is over for everybody.")


class CohortRowSerializer(RetentionRowSerializer):
    cohort = serializers.DateField()


class FunnelRowSerializer(serializers.Serializer[Any]):
    value = serializers.CharField()
    step = _count()
    event = serializers.CharField()
    people = _count()
    dropped = _count(help_text="Took the step before and not this one.")
    waiting = _count(help_text="Of these, may still: their window is open.")
    rate_from_first = _share()
    rate_from_previous = _share()
    median_seconds = serializers.FloatField(allow_null=True, help_text="From the step before.")
    p90_seconds = serializers.FloatField(allow_null=True)


class FeaturesRowSerializer(serializers.Serializer[Any]):
    feature = serializers.CharField()
    events = _count()
    users = _count()
    share = serializers.FloatField(allow_null=True, help_text="Of all who were active.")
    events_per_user = serializers.FloatField(allow_null=True)
    complete = serializers.BooleanField()


class AcquisitionRowSerializer(serializers.Serializer[Any]):
    period = serializers.DateField()
    value = serializers.CharField()
    registered = _count()
    activated = _count(help_text="Wrote a message within seven days.")
    activation_rate = _share()
    complete = serializers.BooleanField()


class MessagingRowSerializer(serializers.Serializer[Any]):
    period = serializers.DateField()
    messages = _count()
    senders = _count()
    messages_per_sender = _share()
    conversations = _count(help_text="Begun.")
    complete = serializers.BooleanField()


class CallingRowSerializer(serializers.Serializer[Any]):
    period = serializers.DateField()
    calls = _count()
    connected = _count()
    connect_rate = _share()
    broken = _count(help_text="Dropped or failed.")
    broken_rate = _share()
    median_seconds = _maybe("Of connected calls.")
    p90_seconds = _maybe()
    good = _count()
    fair = _count()
    poor = _count()
    complete = serializers.BooleanField()


class PeriodRevenueSerializer(serializers.Serializer[Any]):
    period = serializers.DateField()
    currency = serializers.CharField()
    purchases = _count()
    payers = _count()
    active = _count(help_text="In all currencies.")
    gross_minor = _count()
    refunds_minor = _count()
    net_minor = _count()
    arpu_minor = _share()
    arppu_minor = _share()
    conversion = _share()
    complete = serializers.BooleanField()


class LifetimeRowSerializer(serializers.Serializer[Any]):
    cohort = serializers.DateField()
    currency = serializers.CharField()
    size = _count()
    n = _count()
    net_minor = _maybe("Up to the end of that period; null before it has begun.")
    per_person_minor = _share()
    complete = serializers.BooleanField()


def _answer(name: str, row: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    fields = {
        "first": serializers.DateField(),
        "last": serializers.DateField(),
        "timezone": serializers.CharField(),
        "erased_people": _count(
            help_text="So many people or more, whose events were in these days and are gone."
        ),
        "results": row(many=True),
        "previous": row(many=True, allow_null=True, help_text="Where `compare` was asked for."),
        "next": serializers.URLField(allow_null=True, help_text="One page; always null."),
    }
    return type(name, (serializers.Serializer,), fields)


ANSWERS: Final = {
    "active-users": _answer("ActiveUsersSerializer", ActiveUsersRowSerializer),
    "growth": _answer("GrowthSerializer", GrowthRowSerializer),
    "churn": _answer("ChurnSerializer", ChurnRowSerializer),
    "retention": _answer("RetentionSerializer", RetentionRowSerializer),
    "cohorts": _answer("CohortsSerializer", CohortRowSerializer),
    "funnels": _answer("FunnelReportSerializer", FunnelRowSerializer),
    "features": _answer("FeaturesSerializer", FeaturesRowSerializer),
    "acquisition": _answer("AcquisitionSerializer", AcquisitionRowSerializer),
    "messaging": _answer("MessagingReportSerializer", MessagingRowSerializer),
    "calling": _answer("CallingReportSerializer", CallingRowSerializer),
    "revenue": _answer("RevenueReportSerializer", PeriodRevenueSerializer),
    "lifetime": _answer("LifetimeSerializer", LifetimeRowSerializer),
}
"""By the kind of the report."""


class UsageEventSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    events = _count()


class UsageSerializer(serializers.Serializer[Any]):
    first = serializers.DateField()
    last = serializers.DateField()
    active_days = _count()
    last_active = serializers.DateField(allow_null=True)
    streak_days = _count(help_text="Active days in a row, up to today or yesterday.")
    events = UsageEventSerializer(many=True)


class LiveEventsSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    events = _count(help_text="In 30 minutes.")


class LiveSerializer(serializers.Serializer[Any]):
    """Of the minutes before ``at``."""

    at = serializers.DateTimeField()
    active_people_5_minutes = _count()
    active_people_30_minutes = _count()
    events_5_minutes = _count()
    events_30_minutes = _count()
    by_name = LiveEventsSerializer(many=True)


class SavedReportSerializer(serializers.ModelSerializer[SavedReport]):
    name = serializers.CharField(max_length=NAME_CHARACTERS_MAX)
    kind = serializers.ChoiceField(list(QUERIES))
    query = serializers.DictField(
        child=serializers.CharField(max_length=TEXT_CHARACTERS_MAX, allow_blank=True),
        help_text="As the kind's route takes it.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        known = QUERIES[attrs["kind"]]().fields
        if unknown := sorted(set(attrs["query"]) - set(known)):
            detail = f"The report takes no {', '.join(unknown)}."
            raise serializers.ValidationError({"query": detail}, "unknown")
        return attrs

    class Meta:
        model = SavedReport
        fields = ("id", "name", "kind", "query", "saved_by", "saved_at")
        read_only_fields = ("id", "saved_by", "saved_at")


class SavedReportsSerializer(serializers.Serializer[Any]):
    results = SavedReportSerializer(many=True)
    next = serializers.URLField(allow_null=True, help_text="One page; always null.")


class ExportQuerySerializer(serializers.Serializer[Any]):
    """What is exported, and how; beside it whatever the kind's own route takes."""

    report = serializers.ChoiceField([*QUERIES, "events"])
    format = serializers.ChoiceField(FORMATS, default="csv")


class EventsExportQuerySerializer(SpanQuerySerializer):
    """Events themselves: at most as many days and rows as are allowed at once."""

    event = _word()
