"""The dialogs of the staff site's actions: a form, usually with the reason, then one service.

An action that changes something always has a dialog, so that nothing is done by a mere link.
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.accounts.step_up import require_fresh_second_factor

__all__ = [
    "DateTimeField",
    "FreshDialogForm",
    "NumberField",
    "PlainForm",
    "ReasonForm",
    "SelectField",
    "TextField",
    "dialog",
    "done",
    "reason_field",
]


class TextField(forms.CharField):
    def __init__(self, *, label: str, max_length: int, rows: int = 1, **options: Any) -> None:
        widget = UnfoldAdminTextareaWidget({"rows": rows}) if rows > 1 else None
        super().__init__(
            label=label,
            max_length=max_length,
            widget=widget or UnfoldAdminTextInputWidget(),
            **options,
        )


class NumberField(forms.IntegerField):
    widget = UnfoldAdminIntegerFieldWidget


class SelectField(forms.ChoiceField):
    widget = UnfoldAdminSelectWidget


class MomentWidget(UnfoldAdminTextInputWidget):  # type: ignore[misc]
    """The browser's own picker of date and time."""

    input_type = "datetime-local"


class DateTimeField(forms.DateTimeField):
    """In UTC, as everything on the staff site."""

    widget = MomentWidget


def reason_field(*, required: bool = True) -> forms.CharField:
    return TextField(label="Reason", max_length=REASON_LENGTH_MAX, rows=3, required=required)


class PlainForm(BaseDialogForm):  # type: ignore[misc]
    """Nothing to fill in: the dialog only asks whether it is meant."""


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    """Why, which the audit log keeps."""

    reason = reason_field()


class FreshDialogForm(BaseDialogForm):  # type: ignore[misc]
    """For what moves money: opening it already asks for the second factor where it is due."""

    def __init__(self, request: HttpRequest, *arguments: Any, **options: Any) -> None:
        require_fresh_second_factor(request)
        super().__init__(request, *arguments, **options)


def dialog(title: str, text: str, *, submit: str, form: type[BaseDialogForm] = ReasonForm) -> Any:
    """For ``@action(dialog=…)``."""
    return {
        "title": title,
        "description": text,
        "form_class": form,
        "form_submit_text": submit,
    }


def done(request: HttpRequest, sentence: str, address: str) -> HttpResponse:
    """Close the dialog, go there and say what happened."""
    messages.success(request, sentence)
    return HttpResponse(headers={"HX-Redirect": address})
