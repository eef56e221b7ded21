"""What staff fill in before they read private messages."""

from typing import Any
from uuid import UUID

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldAdminUUIDInputWidget

from messaging.staff_serializers import SEARCHED_TEXT_LENGTH_MAX
from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.accounts.selectors import user_by_email
from pairly.accounts.staff_dialogs import DateTimeField, TextField

__all__ = ["ReasonToReadForm", "SearchForm"]


class IdField(forms.UUIDField):
    widget = UnfoldAdminUUIDInputWidget


class PersonField(forms.CharField):
    """An e-mail address or an id."""

    widget = UnfoldAdminTextInputWidget

    def clean(self, value: Any) -> UUID | None:
        text = super().clean(value).strip()
        if not text:
            return None
        if user := user_by_email(text):
            return user.pk
        try:
            return UUID(text)
        except ValueError as error:
            raise forms.ValidationError("Nobody has this address.") from error


class ReasonToReadForm(forms.Form):
    reason = TextField(
        label="Why you read private messages",
        max_length=REASON_LENGTH_MAX,
        help_text="Kept in the audit log, with what you look at.",
    )


class SearchForm(ReasonToReadForm):
    field_order = ("user_id", "conversation_id", "message_id", "since", "until", "text", "reason")

    user_id = PersonField(label="Written by", required=False, help_text="E-mail address or id.")
    conversation_id = IdField(label="Conversation", required=False)
    message_id = IdField(label="Message", required=False)
    since = DateTimeField(label="From (UTC)", required=False)
    until = DateTimeField(label="Until (UTC)", required=False)
    text = TextField(label="With the words", max_length=SEARCHED_TEXT_LENGTH_MAX, required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        places = ("user_id", "conversation_id", "message_id")
        if not self.errors and not any(values.get(name) for name in places):
            raise forms.ValidationError("Name a person, a conversation or a message.")
        return values
