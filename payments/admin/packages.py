"""Packages: what is sold, and at what price from when on."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action, display
from unfold.widgets import UnfoldBooleanSwitchWidget

from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import (
    DateTimeField,
    FreshDialogForm,
    NumberField,
    TextField,
    dialog,
    done,
    reason_field,
)
from pairly.accounts.staff_rows import moment
from pairly.core import clock
from pairly.core.errors import ValidationFailed
from pairly.core.http import request_id_of
from payments.currencies import CURRENCIES, format_amount, parse_amount
from payments.models import Package
from payments.packages.selectors import current_prices, prices_of
from payments.packages.services import change_package, create_package

__all__ = ["PackageAdmin"]

AMOUNT_CHARACTERS_MAX = 12
CODE_CHARACTERS_MAX = 32


class AmountField(TextField):
    """Money as people write it; minor units, or None where nothing is written."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        super().__init__(
            label=f"Price in {currency} ({CURRENCIES[currency].sign.strip()})",
            max_length=AMOUNT_CHARACTERS_MAX,
            required=False,
        )

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return parse_amount(text, self.currency, "price")
        except ValidationFailed as error:
            raise forms.ValidationError(error.detail) from error


class PackageForm(FreshDialogForm):
    """What both dialogs ask for; prices of the currencies come last but for the reason."""

    credits = NumberField(label="Credits", min_value=1)
    reason = reason_field()

    def __init__(self, request: HttpRequest, *arguments: Any, **options: Any) -> None:
        super().__init__(request, *arguments, **options)
        for currency in CURRENCIES:
            self.fields[currency] = AmountField(currency)
        self.order_fields(["code", "credits", "offered", *CURRENCIES, "starts_at", "reason"])

    def prices(self) -> dict[str, int]:
        found = {currency: self.cleaned_data[currency] for currency in CURRENCIES}
        return {currency: amount for currency, amount in found.items() if amount is not None}


class NewPackageForm(PackageForm):
    code = TextField(label="Code", max_length=CODE_CHARACTERS_MAX)


class ChangePackageForm(PackageForm):
    """Tells how the package is now; what is left empty stays so, or as it is yet to be."""

    credits = NumberField(label="Credits", min_value=1, required=False)
    offered = forms.BooleanField(label="On offer", required=False, widget=UnfoldBooleanSwitchWidget)
    starts_at = DateTimeField(
        label="Prices from (UTC)", required=False, help_text="Empty: from now on."
    )

    def __init__(
        self, request: HttpRequest, object_id: Any = None, *arguments: Any, **options: Any
    ) -> None:
        super().__init__(request, object_id, *arguments, **options)
        package = Package.objects.filter(code=object_id).first()
        if package is None:
            return
        self.initial["offered"] = package.offered
        prices = current_prices([package.code], clock.now())[package.code]
        now = {name: format_amount(amount, name) for name, amount in prices.items()}
        for name, told in {"credits": package.credits, **now}.items():
            self.fields[name].help_text = f"Now {told}. Empty: stays as it is."


class PackageAdmin(ReadOnlyAdmin):
    area = "Money"
    icon = "shopping_bag"
    view_permission = "payments.view"

    list_display = ("code", "credits", "prices", "offered")
    sortable_by = ()
    ordering = ("credits", "code")
    fieldsets = ((None, {"fields": (("code", "credits"), ("prices", "offered"))}),)
    readonly_fields = ("prices",)
    actions_list = ("new_package",)
    actions_detail = ("change_package",)
    change_form_after_template = "admin/payments/package/prices.html"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        now = clock.now()
        history = [
            {
                "starts": moment(price.starts_at),
                "amount": format_amount(price.amount_minor, price.currency),
                "written": moment(price.created_at),
                "is_to_come": price.starts_at > now,
            }
            for price in prices_of(object_id)
        ]
        context = {**(extra_context or {}), "history": history, "show_close": False}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    @display(description="Prices now")
    def prices(self, package: Package) -> str:
        found = current_prices([package.code], clock.now())[package.code]
        return ", ".join(format_amount(amount, name) for name, amount in sorted(found.items()))

    @action(
        description="New package",
        permissions=["payments.act"],
        icon="add",
        dialog=dialog(
            "Put a new package on offer",
            "It can be bought at once.",
            submit="Put on offer",
            form=NewPackageForm,
        ),
    )
    def new_package(self, request: HttpRequest, form: NewPackageForm) -> HttpResponse:
        package = create_package(
            **_who(request),
            code=form.cleaned_data["code"],
            credits=form.cleaned_data["credits"],
            prices=form.prices(),
            reason=form.cleaned_data["reason"],
        )
        return done(request, "The package is on offer.", _page_of(package.code))

    @action(
        description="Change",
        permissions=["payments.act"],
        icon="edit",
        dialog=dialog(
            "Change this package",
            "Orders that were begun keep what they were begun with.",
            submit="Change",
            form=ChangePackageForm,
        ),
    )
    def change_package(
        self, request: HttpRequest, form: ChangePackageForm, object_id: str
    ) -> HttpResponse:
        who = _who(request)
        change_package(
            **who,
            code=object_id,
            credits=form.cleaned_data["credits"],
            offered=form.cleaned_data["offered"],
            prices=form.prices(),
            starts_at=form.cleaned_data["starts_at"] or who["now"],
            reason=form.cleaned_data["reason"],
        )
        return done(request, "Changed.", _page_of(object_id))


def _who(request: HttpRequest) -> dict[str, Any]:
    return {
        "actor_id": request.user.pk,
        "request_id": request_id_of(request),
        "now": clock.now(),
    }


def _page_of(code: str) -> str:
    return reverse("admin:payments_package_change", args=[code])
