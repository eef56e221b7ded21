"""What staff do about a person's credits, on the person's page."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldBooleanSwitchWidget

from pairly.accounts.staff_dialogs import (
    DateTimeField,
    FreshDialogForm,
    NumberField,
    SelectField,
    dialog,
    done,
    reason_field,
)
from pairly.core.http import request_id_of
from pairly.core.ids import new_id
from payments.adjustments.models import Kind, State
from payments.adjustments.services import adjust, limits_of
from payments.freezes.services import freeze_spending, unfreeze_spending
from payments.selectors import wallet_of

__all__ = ["CREDIT_ACTIONS", "CreditActions"]

CREDIT_ACTIONS = ("adjust_credits", "freeze_spending", "unfreeze_spending")


class AdjustmentForm(FreshDialogForm):
    """``operation`` names the adjustment, so that a form sent twice changes credits once."""

    kind = SelectField(label="What")
    credits = NumberField(label="Credits", min_value=1)
    book_debt = forms.BooleanField(
        label="What is not there becomes debt",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="Of what is taken. Nothing can be spent until debt is settled.",
    )
    reason = reason_field()
    operation = forms.UUIDField(widget=forms.HiddenInput, initial=new_id)

    def __init__(self, request: HttpRequest, *arguments: Any, **options: Any) -> None:
        super().__init__(request, *arguments, **options)
        limits = limits_of(request.user.pk)  # type: ignore[arg-type]
        kind: Any = self.fields["kind"]
        kind.choices = [(one.value, one.label) for one in limits.kinds]
        if limits.kinds == (Kind.GIVE_BONUS,):
            del self.fields["book_debt"]
        beyond = "more waits for a second person" if limits.may_ask else "not more"
        self.fields[
            "credits"
        ].help_text = f"Up to {limits.at_once:,} at once; {limits.a_day:,} a day alone, {beyond}."

    def wish(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {
            "kind": values["kind"],
            "credits": values["credits"],
            "book_debt": values.get("book_debt", False),
            "reason": values["reason"],
            "operation_id": values["operation"],
        }


class FreezeForm(FreshDialogForm):
    reason = reason_field()
    until = DateTimeField(
        label="Until (UTC)", required=False, help_text="Empty: until somebody lifts it."
    )


class UnfreezeForm(FreshDialogForm):
    reason = reason_field()


class CreditActions:
    """For the page of a person."""

    @action(
        description="Give or take credits",
        permissions=["credits.grant"],
        icon="redeem",
        dialog=dialog(
            "Change this person's credits",
            "It is booked in the ledger and announced to the person.",
            submit="Book",
            form=AdjustmentForm,
        ),
    )
    def adjust_credits(
        self, request: HttpRequest, form: AdjustmentForm, object_id: str
    ) -> HttpResponse:
        adjustment = adjust(**_whom(request, object_id), **form.wish())
        sentence = "A second person has to approve this; it waits under Approvals."
        if adjustment.state == State.BOOKED:
            wallet = wallet_of(UUID(object_id))
            sentence = f"Booked. The balance is {wallet.balance:,} credits."
        return done(request, sentence, _page_of(object_id))

    @action(
        description="Freeze spending",
        permissions=["credits.grant_any"],
        icon="ac_unit",
        variant=ActionVariant.DANGER,
        dialog=dialog(
            "Freeze this person's credits",
            "Nothing can be spent; what is held already, for a call under way, still is.",
            submit="Freeze",
            form=FreezeForm,
        ),
    )
    def freeze_spending(
        self, request: HttpRequest, form: FreezeForm, object_id: str
    ) -> HttpResponse:
        given = {name: form.cleaned_data[name] for name in ("reason", "until")}
        freeze_spending(**_whom(request, object_id), **given)
        return done(request, "Frozen.", _page_of(object_id))

    @action(
        description="Unfreeze spending",
        permissions=["credits.grant_any"],
        icon="sunny",
        variant=ActionVariant.SUCCESS,
        dialog=dialog(
            "Unfreeze this person's credits",
            "They can be spent again at once.",
            submit="Unfreeze",
            form=UnfreezeForm,
        ),
    )
    def unfreeze_spending(
        self, request: HttpRequest, form: UnfreezeForm, object_id: str
    ) -> HttpResponse:
        unfreeze_spending(**_whom(request, object_id), reason=form.cleaned_data["reason"])
        return done(request, "Unfrozen.", _page_of(object_id))


def _whom(request: Any, object_id: str) -> dict[str, Any]:
    return {
        "actor_id": request.user.pk,
        "user_id": UUID(object_id),
        "request_id": request_id_of(request),
    }


def _page_of(object_id: str) -> str:
    return reverse("admin:accounts_user_change", args=[object_id])
