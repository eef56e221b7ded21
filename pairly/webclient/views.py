"""The one page of the web client. All else it does goes through the public API."""

from typing import Any

from csp.constants import NONE, SELF
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.generic import TemplateView

from messaging.attachments.types import ALLOWED
from pairly.accounts.countries import COUNTRIES
from pairly.accounts.models import BIO_LENGTH_MAX, DISPLAY_NAME_LENGTH_MAX, Report
from pairly.accounts.selectors import user_by_email
from payments.gateways.registry import provider_names
from payments.management.commands import seed_demo

__all__ = ["PageView"]


@method_decorator(cache_control(no_cache=True), name="dispatch")
class PageView(TemplateView):
    """``/``: the same for everybody; who one is, the page's scripts learn by signing in."""

    template_name = "webclient/index.html"
    http_method_names = ["get", "head"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        response._csp_replace = _content_security_policy(request)  # type: ignore[attr-defined]
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            mock_mode=settings.MOCK_MODE,
            minimum_age=settings.MINIMUM_AGE_YEARS,
            countries=sorted(COUNTRIES),
            display_name_length_max=DISPLAY_NAME_LENGTH_MAX,
            bio_length_max=BIO_LENGTH_MAX,
            report_reasons=Report.Reason.choices,
            providers=provider_names(),
            attachment_types=",".join(ALLOWED),
            demo_people=_demo_people(),
            demo_password=seed_demo.PASSWORD,
            **kwargs,
        )


def _demo_people() -> list[dict[str, str]]:
    """Those whom one click signs in; none outside of mock mode, or where they were not made."""
    if not settings.MOCK_MODE:
        return []
    return [
        {"email": email, "name": name}
        for email, name, *_ in seed_demo.PEOPLE
        if user_by_email(email) is not None
    ]


def _content_security_policy(request: HttpRequest) -> dict[str, list[str]]:
    """Nothing inline, nothing from elsewhere, and no text that becomes markup.

    The socket's address is spelt out, because not every browser counts it as ``'self'``. Photos
    and what messages carry are read with the token and shown from memory, as ``blob:``.
    """
    socket = f"{'wss' if request.is_secure() else 'ws'}://{request.get_host()}"
    return {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "blob:", "data:"],
        "media-src": ["blob:"],
        "connect-src": [SELF, socket],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["pairly-worker"],  # it makes the address of the worker of pushes alone
    }
