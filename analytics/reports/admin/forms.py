"""The form above a dashboard: the fields of the routes' queries, which check them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django import forms
from rest_framework import serializers
from rest_framework.fields import empty
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from analytics.reports.models import NAME_CHARACTERS_MAX
from analytics.reports.serializers import QUERIES
from analytics.reports.spans import Span
from pairly.accounts.staff_reports import DayWidget

__all__ = ["QueryForm", "SaveForm", "query_form"]

LEFT_OUT: Final = ("compare",)
LABELS: Final = {
    "first": "From",
    "last": "To",
    "timezone": "Time zone",
    "by": "Told apart by",
    "rolling": "By each one's own 24 hours",
    "kind": "Kind",
    "cohort": "Cohorts by",
    "period": "Counted in",
    "start": "Starts with",
    "returning": "Comes back with",
    "window_hours": "Window, hours",
    "exclude": "Without",
}
CHOICES: Final = {
    "n_day": "on that day",
    "unbounded": "then or later",
    "bracket": "in brackets",
    "": "nothing",
}
WIDE: Final = ("steps",)


class NumberWidget(UnfoldAdminTextInputWidget):  # type: ignore[misc]
    input_type = "number"


class QueryForm(forms.Form):
    """Shows what was asked; the routes' serializers have checked it."""

    def wide(self) -> Iterable[str]:
        return WIDE


class SaveForm(forms.Form):
    name = forms.CharField(
        label="Save as",
        max_length=NAME_CHARACTERS_MAX,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "A name for this report"}),
    )


def query_form(
    kinds: Iterable[str], query: Mapping[str, str], span: Span, told: Mapping[str, str]
) -> QueryForm:
    """With what is in the query, else what counts without; ``told`` has what is wrong, by field."""
    query = {"first": f"{span.first}", "last": f"{span.last}", **query}
    fields: dict[str, serializers.Field[Any, Any, Any, Any]] = {}
    for kind in kinds:
        fields |= {n: f for n, f in QUERIES[kind]().fields.items() if n not in LEFT_OUT}
    initial = {name: query.get(name, _default(field)) for name, field in fields.items()}
    form = QueryForm(initial)
    form.fields.update({name: _field(name, field) for name, field in fields.items()})
    form.full_clean()
    for name, sentence in told.items():
        form.add_error(name if name in form.fields else None, sentence)
    return form


def _default(field: Any) -> Any:
    return "" if field.default in (empty, None) else field.default


def _field(name: str, field: Any) -> forms.Field:
    label = LABELS.get(name, name.replace("_", " ").capitalize())
    options: dict[str, Any] = {"label": label, "required": False}
    if isinstance(field, serializers.ChoiceField):
        choices = [(one, CHOICES.get(one, one)) for one in field.choices]
        if field.allow_blank:
            choices.insert(0, ("", CHOICES[""]))
        return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget(), **options)
    if isinstance(field, serializers.BooleanField):
        return forms.BooleanField(widget=UnfoldBooleanSwitchWidget(), **options)
    if isinstance(field, serializers.DateField):
        return forms.CharField(widget=DayWidget(), **options)
    if isinstance(field, serializers.IntegerField):
        return forms.CharField(widget=NumberWidget(), **options)
    return forms.CharField(widget=UnfoldAdminTextInputWidget(), **options)
