"""What staff fill in about a person."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from unfold.forms import BaseDialogForm

from pairly.accounts.models import NOTE_LENGTH_MAX
from pairly.accounts.selectors import devices_of
from pairly.accounts.staff_dialogs import (
    DateTimeField,
    ReasonForm,
    SelectField,
    TextField,
)
from pairly.core import clock

__all__ = ["EndSignInForm", "NoteForm", "SuspendForm"]


class SuspendForm(ReasonForm):
    until = DateTimeField(
        label="Until (UTC)", required=False, help_text="Empty: until somebody restores them."
    )


class NoteForm(BaseDialogForm):  # type: ignore[misc]
    text = TextField(label="Note", max_length=NOTE_LENGTH_MAX, rows=5)


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
