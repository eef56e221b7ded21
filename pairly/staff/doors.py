"""The way in: password, then code; enrolment for who has no authenticator; and the way out.

These few pages are outside of ``StaffSite.admin_view``. Each says itself whom it lets in.
"""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import segno
from django import forms
from django.contrib.auth import REDIRECT_FIELD_NAME, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from pairly.accounts import services as accounts
from pairly.accounts.errors import SecondFactorRequired
from pairly.accounts.second_factor import services
from pairly.accounts.second_factor.selectors import has_second_factor, recovery_codes_left
from pairly.accounts.serializers import USER_AGENT_LENGTH_MAX
from pairly.accounts.services import Origin
from pairly.accounts.step_up import is_fresh
from pairly.core import clock
from pairly.core.errors import PairlyError, RateLimited
from pairly.core.http import client_address, request_id_of
from pairly.core.throttling import SignInThrottle
from pairly.staff import sessions
from pairly.staff.forms import ChangePasswordForm, CodeForm, SignInForm

if TYPE_CHECKING:
    from pairly.staff.site import StaffSite

__all__ = [
    "ChangePasswordView",
    "CodeView",
    "EnrolView",
    "RecoveryCodesView",
    "SignInView",
    "code_page",
]

DEVICE_NAME = "Staff site"


class FormThrottle(SignInThrottle):
    """The limit of ``POST auth/login``, shared with it, for a form."""

    def caller(self, request: Any) -> Any:
        request.data = request.POST
        return super().caller(request)


@method_decorator([sensitive_post_parameters(), csrf_protect, never_cache], name="dispatch")
class Door(View):
    """A page with one form, outside of the site's frame."""

    site: "StaffSite" = None  # type: ignore[assignment]
    template = ""
    title = ""

    def page(self, request: HttpRequest, **context: Any) -> TemplateResponse:
        return TemplateResponse(
            request,
            self.template,
            {
                **self.site.each_context(request),
                "title": self.title,
                "next": next_address(request),
                "next_field": REDIRECT_FIELD_NAME,
                **context,
            },
        )


class SignInView(Door):
    template = "staff/sign_in.html"
    title = "Sign in"

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            return HttpResponseRedirect(code_page(next_address(request)))
        return self.page(request, form=SignInForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SignInForm(request.POST)
        if form.is_valid():
            try:
                self._sign_in(request, form)
            except PairlyError as error:
                form.add_error(None, sentence_of(error))
            else:
                return HttpResponseRedirect(code_page(next_address(request)))
        return self.page(request, form=form)

    @staticmethod
    def _sign_in(request: HttpRequest, form: SignInForm) -> None:
        throttle = FormThrottle()
        if not throttle.allow_request(request, None):
            raise RateLimited(retry_after_seconds=int(throttle.wait() or 0) + 1)
        origin = Origin(
            device_name=DEVICE_NAME,
            address=client_address(request),
            user_agent=request.META.get("HTTP_USER_AGENT", "")[:USER_AGENT_LENGTH_MAX],
        )
        values = form.cleaned_data
        signed_in = accounts.sign_in(
            email=values["email"], password=values["password"], origin=origin, staff_only=True
        )
        sessions.begin(request, signed_in)


class SignedInDoor(Door):
    """For staff with the password right, whatever they have proved beyond it."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        if not (request.user.is_authenticated and request.user.is_staff):
            return HttpResponseRedirect(with_next(reverse("admin:login"), request.path))
        return super().dispatch(request, *args, **kwargs)


class CodeView(SignedInDoor):
    """The code after the password, and again before what moves money."""

    template = "staff/code.html"
    title = "Second factor"

    def get(self, request: Any) -> HttpResponse:
        if not has_second_factor(request.user.pk):
            return HttpResponseRedirect(enrol_page(next_address(request)))
        if is_fresh(request.sign_in, clock.now()):
            return HttpResponseRedirect(next_address(request))
        return self._page(request, CodeForm())

    def post(self, request: Any) -> HttpResponse:
        form = CodeForm(request.POST)
        if form.is_valid():
            try:
                services.verify_code(
                    user=request.user, sign_in=request.sign_in, code=form.cleaned_data["code"]
                )
            except PairlyError as error:
                form.add_error("code", sentence_of(error))
            else:
                request.session.cycle_key()
                return HttpResponseRedirect(next_address(request))
        return self._page(request, form)

    def _page(self, request: Any, form: CodeForm) -> HttpResponse:
        return self.page(request, form=form, again=request.sign_in.second_factor_at is not None)


class EnrolView(SignedInDoor):
    """A first authenticator, or another in place of the present one."""

    template = "staff/enrol.html"
    title = "Set up your authenticator"

    def get(self, request: Any) -> HttpResponse:
        return self._page(request, CodeForm())

    def post(self, request: Any) -> HttpResponse:
        form = CodeForm(request.POST)
        if form.is_valid():
            try:
                return self._confirm(request, form.cleaned_data["code"])
            except SecondFactorRequired:
                return HttpResponseRedirect(code_page(request.path))
            except PairlyError as error:
                form.add_error("code", sentence_of(error))
        return self._page(request, form)

    def _confirm(self, request: Any, code: str) -> HttpResponse:
        user, sign_in = request.user, request.sign_in
        if sign_in.second_factor_at is None and has_second_factor(user.pk):
            # It was confirmed elsewhere while this page was open.
            services.verify_code(user=user, sign_in=sign_in, code=code)
            return HttpResponseRedirect(next_address(request))
        codes = services.confirm(
            user=user, sign_in=sign_in, code=code, request_id=request_id_of(request)
        )
        request.session.cycle_key()
        return TemplateResponse(
            request, "staff/recovery_codes_made.html", made_codes(self.site, request, codes)
        )

    def _page(self, request: Any, form: CodeForm) -> HttpResponse:
        try:
            enrolment = services.pending_enrolment(user=request.user, sign_in=request.sign_in)
        except SecondFactorRequired:
            return HttpResponseRedirect(code_page(request.path))
        replaces = has_second_factor(request.user.pk)
        qr_code = qr_svg(enrolment.uri)
        return self.page(
            request, form=form, enrolment=enrolment, qr_code=qr_code, replaces=replaces
        )


class RecoveryCodesView(View):
    """How many are left, and ten new ones. Inside the site's frame."""

    site: "StaffSite" = None  # type: ignore[assignment]

    def get(self, request: Any) -> HttpResponse:
        context = {
            **self.site.each_context(request),
            "title": "Your second factor",
            "codes_left": recovery_codes_left(request.user.pk),
        }
        return TemplateResponse(request, "staff/second_factor.html", context)

    def post(self, request: Any) -> HttpResponse:
        codes = services.regenerate_recovery_codes(
            user=request.user, sign_in=request.sign_in, request_id=request_id_of(request)
        )
        return TemplateResponse(
            request, "staff/recovery_codes_made.html", made_codes(self.site, request, codes)
        )


@method_decorator(sensitive_post_parameters(), name="dispatch")
class ChangePasswordView(View):
    """One's own password. Every other sign-in ends. Inside the site's frame."""

    site: "StaffSite" = None  # type: ignore[assignment]

    def get(self, request: Any) -> HttpResponse:
        return self._page(request, ChangePasswordForm())

    def post(self, request: Any) -> HttpResponse:
        form = ChangePasswordForm(request.POST)
        if form.is_valid():
            try:
                self._change(request, form.cleaned_data)
            except PairlyError as error:
                add_errors(form, error)
            else:
                return HttpResponseRedirect(reverse("admin:password_change_done"))
        return self._page(request, form)

    @staticmethod
    def _change(request: Any, values: dict[str, str]) -> None:
        accounts.change_password(
            user=request.user,
            device_id=request.sign_in.pk,
            current_password=values["current_password"],
            new_password=values["new_password"],
            address=client_address(request),
        )
        request.user.refresh_from_db(fields=["password"])
        update_session_auth_hash(request, request.user)

    def _page(self, request: Any, form: ChangePasswordForm) -> HttpResponse:
        context = {**self.site.each_context(request), "title": "Change password", "form": form}
        return TemplateResponse(request, "staff/change_password.html", context)


def code_page(next_url: str) -> str:
    return with_next(reverse("admin:second_factor"), next_url)


def enrol_page(next_url: str) -> str:
    return with_next(reverse("admin:second_factor_enrol"), next_url)


def with_next(address: str, next_url: str) -> str:
    if next_url == reverse("admin:index"):
        return address
    return f"{address}?{urlencode({REDIRECT_FIELD_NAME: next_url})}"


def next_address(request: HttpRequest) -> str:
    """Where the person wanted to go; never to another site."""
    wanted = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or ""
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    doors = (reverse("admin:login"), reverse("admin:logout"))
    return wanted if safe and not wanted.startswith(doors) else reverse("admin:index")


def qr_svg(text: str) -> Any:
    """An SVG element without a style or script, so that the page's policy lets it be."""
    drawing = segno.make(text, error="m").svg_inline(border=2, omitsize=True)
    return mark_safe(drawing)  # noqa: S308 - made of squares, not of the text.


def sentence_of(error: PairlyError) -> str:
    if error.retry_after_seconds is None:
        return error.detail
    minutes = -(-error.retry_after_seconds // 60)
    return f"{error.detail} ({minutes} min)"


def add_errors(form: forms.Form, error: PairlyError) -> None:
    """Each refused field's sentence at its field, or one for the whole."""
    for one in error.errors:
        form.add_error(one.field if one.field in form.fields else None, one.detail)
    if not error.errors:
        form.add_error(None, sentence_of(error))


def made_codes(site: "StaffSite", request: HttpRequest, codes: list[str]) -> dict[str, Any]:
    return {
        **site.each_context(request),
        "title": "Recovery codes",
        "codes": codes,
        "next": next_address(request),
    }
