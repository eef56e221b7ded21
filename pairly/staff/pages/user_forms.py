"""What staff fill in about a person."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest
from unfold.forms import BaseDialogForm

from pairly.accounts.models import NOTE_LENGTH_MAX
from pairly.accounts.selectors import devices_of
from pairly.accounts.staff_dialogs import (
    DateTimeField,
    FreshDialogForm,
    NumberField,
    ReasonForm,
    SelectField,
    TextField,
    reason_field,
)
from pairly.core import clock
from pairly.core.ids import new_id
from pairly.staff.goodwill import GOODWILL_CREDITS_MAX, goodwill_cap

__all__ = ["EndSignInForm", "GoodwillForm", "NoteForm", "SuspendForm"]


class SuspendForm(ReasonForm):
    until = DateTimeField(
        label="Until (UTC)", required=False, help_text="Empty: until somebody restores them."
    )


class NoteForm(BaseDialogForm):  # type: ignore[misc]
    text = TextField(label="Note", max_length=NOTE_LENGTH_MAX, rows=5)


class GoodwillForm(FreshDialogForm):
    """``operation`` names the gift, so that a form sent twice gives once."""

    credits = NumberField(label="Credits", min_value=1)
    reason = reason_field()
    operation = forms.UUIDField(widget=forms.HiddenInput, initial=new_id)

    def __init__(self, request: HttpRequest, *arguments: Any, **options: Any) -> None:
        super().__init__(request, *arguments, **options)
        cap = goodwill_cap(request.user.pk)  # type: ignore[arg-type]
        field = self.fields["credits"]
        most = GOODWILL_CREDITS_MAX if cap is None else cap
        field.help_text = f"Your role gives up to {most:,} at once."

    def gift(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {
            "credits": values["credits"],
            "reason": values["reason"],
            "operation_id": values["operation"],
        }


class EndSignInForm(ReasonForm):
    """``?device=`` says which is meant at first."""

    field_order = ("device", "reason")

    device = SelectField(label="Sign-in")

    def __init__(
        self, request: HttpRequest, object_id: Any = None, *arguments: Any, **options: Any
    ) -> None:
        super().__init__(request, object_id, *arguments, **options)
        found = devices_of(UUID(str(object_id)), clock.now())
        field = self.fields["device"]
        assert isinstance(field, SelectField)
        field.choices = [(str(one.pk), f"{one.name or 'Unnamed'}, {one.address}") for one in found]
        field.initial = request.GET.get("device")
