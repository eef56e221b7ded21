"""What staff type to get in."""

from django import forms
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminPasswordWidget
from unfold.widgets import UnfoldAdminTextInputWidget as TextInput

from pairly.accounts.serializers import CODE_LENGTH_MAX, EMAIL_LENGTH_MAX, PASSWORD_LENGTH_MAX

__all__ = ["ChangePasswordForm", "CodeForm", "SignInForm"]


def password_field(label: str, autocomplete: str) -> forms.CharField:
    widget = UnfoldAdminPasswordWidget({"autocomplete": autocomplete})
    return forms.CharField(label=label, max_length=PASSWORD_LENGTH_MAX, strip=False, widget=widget)


class SignInForm(forms.Form):
    email = forms.EmailField(
        label="E-mail",
        max_length=EMAIL_LENGTH_MAX,
        widget=UnfoldAdminEmailInputWidget({"autocomplete": "username", "autofocus": True}),
    )
    password = password_field("Password", "current-password")


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=CODE_LENGTH_MAX,
        widget=TextInput(
            {"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}
        ),
    )


class ChangePasswordForm(forms.Form):
    current_password = password_field("Current password", "current-password")
    new_password = password_field("New password", "new-password")
    repeated = password_field("New password, once more", "new-password")

    def clean_repeated(self) -> str:
        repeated: str = self.cleaned_data["repeated"]
        if repeated != self.cleaned_data.get("new_password"):
            raise forms.ValidationError("The two differ.")
        return repeated
