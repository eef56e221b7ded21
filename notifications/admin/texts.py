"""The texts as people get them, with an example in each; and sending one to oneself."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.forms import BaseDialogForm

from notifications.kinds import CHANNELS, KINDS
from notifications.rendering import LANGUAGE_DEFAULT, LANGUAGES
from notifications.samples import SAMPLES
from notifications.services.staff import preview, try_text
from pairly.accounts.staff_admin import Page
from pairly.accounts.staff_dialogs import SelectField, dialog, done
from pairly.core.errors import PermissionDenied
from pairly.core.http import request_id_of

__all__ = ["TEXTS", "texts_view"]

TEXTS = Page(
    name="notification_texts",
    title="Notification texts",
    permission="notifications.view",
    area="Messaging",
    icon="draft",
)


class TextForm(forms.Form):
    kind = SelectField(label="Text", choices=lambda: [(name, _title(name)) for name in SAMPLES])
    language = SelectField(label="Language", choices=list(LANGUAGES.items()))


class TryForm(BaseDialogForm):  # type: ignore[misc]
    channel = SelectField(
        label="Channel", choices=[(one, one) for one in CHANNELS if one != "in_app"]
    )


MAIL_POLICY = {"default-src": ["'none'"], "style-src": ["'unsafe-inline'"], "sandbox": []}
"""Mails carry their styles in their lines; on a page of its own, which may do nothing else."""


def texts_view(request: HttpRequest) -> HttpResponse:
    """One text in one language; with ``?try=`` the dialog that sends it, with ``?mail=`` the mail
    alone."""
    staff: Any = request.user
    may_try = staff.has_perm("notifications.act")
    if "try" in request.GET:
        if not may_try:
            raise PermissionDenied
        answer: HttpResponse = _try(None, request)
        return answer
    kind, language = _chosen(request)
    shown = preview(kind=kind, language=language)
    if "mail" in request.GET:
        page = HttpResponse(shown.html)
        page._csp_replace = MAIL_POLICY  # type: ignore[attr-defined]
        return page
    context = {
        **admin.site.each_context(request),
        "title": TEXTS.title,
        "form": TextForm({"kind": kind, "language": language}),
        "kind": kind,
        "language": language,
        "preview": shown,
        "may_try": may_try,
    }
    return TemplateResponse(request, "admin/notifications/texts.html", context)


@action(
    description="Send it to me",
    dialog=dialog(
        "Send this text to yourself",
        "It goes to your own address or devices, with the example in it.",
        submit="Send",
        form=TryForm,
    ),
)
def _try(_page: None, request: Any, form: Any) -> HttpResponse:
    kind, language = _chosen(request)
    result = try_text(
        kind=kind,
        language=language,
        channel=form.cleaned_data["channel"],
        actor_id=request.user.pk,
        request_id=request_id_of(request),
    )
    address = f"{reverse('admin:notification_texts')}?kind={kind}&language={language}"
    return done(request, f"{result.outcome.value}: {result.detail}", address)


def _chosen(request: HttpRequest) -> tuple[str, str]:
    kind, language = request.GET.get("kind", ""), request.GET.get("language", "")
    return (
        kind if kind in SAMPLES else next(iter(SAMPLES)),
        language if language in LANGUAGES else LANGUAGE_DEFAULT,
    )


def _title(kind: str) -> str:
    return KINDS[kind].title if kind in KINDS else "Digest"
