"""What messages and calls cost: now, next, and every price that was ever set."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import (
    DateTimeField,
    FreshDialogForm,
    NumberField,
    dialog,
    done,
    reason_field,
)
from pairly.accounts.staff_rows import moment
from pairly.core import clock
from pairly.core.http import request_id_of
from payments.models import CreditPrice
from payments.pricing.price_list import public_prices
from payments.pricing.services import change_prices

__all__ = ["CreditPriceAdmin"]

LISTS = {"messages": "{} message", "calls": "{} call, a minute"}


class ChangePricesForm(FreshDialogForm):
    """One field for each price; one that is left empty stays as it is, or as it is yet to be."""

    starts_at = DateTimeField(
        label="From (UTC)", required=False, help_text="Empty: as soon as every server can know."
    )
    reason = reason_field()

    def __init__(self, request: HttpRequest, *arguments: Any, **options: Any) -> None:
        super().__init__(request, *arguments, **options)
        for name, title, credits in _named(public_prices(clock.now())):
            told = f"Now {credits}. Empty: stays as it is."
            self.fields[name] = NumberField(
                label=title, min_value=0, required=False, help_text=told
            )
        self.order_fields([*self._priced(), "starts_at", "reason"])

    def prices(self, listed: str) -> dict[str, int]:
        """Of ``messages`` or ``calls``, by their media."""
        return {
            name.split(".")[1]: self.cleaned_data[name]
            for name in self._priced()
            if name.startswith(f"{listed}.") and self.cleaned_data[name] is not None
        }

    def _priced(self) -> list[str]:
        return [name for name in self.fields if "." in name]


class CreditPriceAdmin(ReadOnlyAdmin):
    area = "Money"
    icon = "sell"
    view_permission = "payments.view"

    list_display = ("shown_item", "media", "credits", "starts", "written")
    list_display_links = None
    sortable_by = ()
    ordering = ("-id",)
    actions_list = ("change_prices",)
    list_before_template = "staff/facts.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {**(extra_context or {}), "facts": _facts()}
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    @display(description="What")
    def shown_item(self, price: CreditPrice) -> str:
        return price.get_item_display()

    @display(description="From (UTC)")
    def starts(self, price: CreditPrice) -> str:
        return moment(price.starts_at)

    @display(description="Written (UTC)")
    def written(self, price: CreditPrice) -> str:
        return moment(price.created_at)

    @action(
        description="Change prices",
        permissions=["payments.act"],
        icon="edit",
        variant=ActionVariant.PRIMARY,
        dialog=dialog(
            "Change what messages and calls cost",
            "In credits; 0 is free. Calls that were begun keep what they were offered for.",
            submit="Change",
            form=ChangePricesForm,
        ),
    )
    def change_prices(self, request: HttpRequest, form: ChangePricesForm) -> HttpResponse:
        written = change_prices(
            actor_id=request.user.pk,
            messages=form.prices("messages"),
            calls=form.prices("calls"),
            starts_at=form.cleaned_data["starts_at"],
            reason=form.cleaned_data["reason"],
            request_id=request_id_of(request),
        )
        sentence = "Nothing differs from what counts then."
        if written:
            sentence = f"The new prices count from {moment(written[0].starts_at)} UTC."
        return done(request, sentence, reverse("admin:payments_creditprice_changelist"))


def _named(prices: Any) -> list[tuple[str, str, int]]:
    """``("messages.text", "Text message", 1)`` for each price of both lists."""
    return [
        (f"{listed}.{media}", words.format(media).capitalize(), credits)
        for listed, words in LISTS.items()
        for media, credits in prices[listed].items()
    ]


def _facts() -> list[tuple[str, str]]:
    """The prices of now, and beside those that will change what they will be."""
    now = public_prices(clock.now())
    following = now["next"]
    later = {name: credits for name, _title, credits in _named(following or now)}
    facts = [
        (title, f"{credits}" if later[name] == credits else f"{credits} → {later[name]}")
        for name, title, credits in _named(now)
    ]
    if following:
        facts.append(("Next change (UTC)", moment(following["starts_at"])))
    return facts
