"""What staff fill in about a case."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from pairly.accounts.staff_dialogs import (
    DateTimeField,
    FreshDialogForm,
    NumberField,
    ReasonForm,
    TextField,
    reason_field,
)
from pairly.moderation.classifier.rules import current_rules
from pairly.moderation.classifier.signals import SIGNALS
from pairly.moderation.models import NOTICE_LENGTH_MAX
from pairly.moderation.selectors import case_by_id
from pairly.moderation.services.decisions import HIDE, RESTRICT, SUSPEND, WARN
from pairly.moderation.subjects import subject_of

__all__ = ["RefundForm", "ResolveForm", "RulesForm"]

WORDS = {
    HIDE: "Take it out of sight",
    WARN: "Warn the person",
    SUSPEND: "Suspend the person",
    RESTRICT: "Restrict the person, who is not told",
}
ON_PEOPLE = (SUSPEND, RESTRICT)


class ResolveForm(ReasonForm):
    """Offers what can be done about this thing, and what this member of staff may do."""

    field_order = ("measures", "text", "suspend_until", "reason")

    measures = forms.MultipleChoiceField(
        label="What is done",
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Restricted: what they write reaches nobody and costs nothing.",
    )
    text = TextField(
        label="To the person",
        max_length=NOTICE_LENGTH_MAX,
        rows=3,
        required=False,
        help_text="They read it with the decision, beside the category of the case.",
    )
    suspend_until = DateTimeField(
        label="Suspended until (UTC)", required=False, help_text="Empty: until somebody restores."
    )

    def __init__(
        self, request: HttpRequest, object_id: Any = None, *arguments: Any, **options: Any
    ) -> None:
        super().__init__(request, object_id, *arguments, **options)
        case = case_by_id(UUID(str(object_id)))
        can = subject_of(case.target_type).can
        may: Any = request.user
        offered = [
            (name, words)
            for name, words in WORDS.items()
            if (name != HIDE or HIDE in can)
            and (name not in ON_PEOPLE or may.has_perm("users.act"))
        ]
        field = self.fields["measures"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = offered

    def decision(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.field_order}


class RefundForm(FreshDialogForm):
    reason = reason_field()


class RulesForm(ReasonForm):
    """One pair of fields for each signal, which show what counts now."""

    flag_score = NumberField(label="Flag from", min_value=1)
    block_score = NumberField(label="Block from", min_value=1)

    def __init__(self, request: HttpRequest, *arguments: Any, **options: Any) -> None:
        super().__init__(request, *arguments, **options)
        rules = current_rules()
        self.initial |= {"flag_score": rules.flag_score, "block_score": rules.block_score}
        for name, (each, first) in rules.points.items():
            title = SIGNALS[name].title
            self.fields[f"points.{name}"] = NumberField(label=title, min_value=0, initial=each)
            self.fields[f"first.{name}"] = NumberField(
                label=f"{title}: more in first messages", min_value=0, initial=first
            )
        self.order_fields([*(name for name in self.fields if name != "reason"), "reason"])

    def points(self) -> dict[str, tuple[int, int]]:
        values = self.cleaned_data
        return {name: (values[f"points.{name}"], values[f"first.{name}"]) for name in SIGNALS}
