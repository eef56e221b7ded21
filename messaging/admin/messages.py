"""Private messages for staff: searched, read and exported with a reason, erased for ever."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.decorators import action

from messaging import staff_reading
from messaging.admin.forms import ReasonToReadForm, SearchForm
from messaging.models import Conversation, Message
from messaging.services.erasing import erase_for_ever
from messaging.staff_selectors import message_by_id, messages_of_conversation
from messaging.subject import line_of
from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import dialog, done
from pairly.accounts.staff_rows import Names, person_link
from pairly.core.downloads import begins_anew, send_file, stream
from pairly.core.errors import PermissionDenied
from pairly.core.http import request_id_of
from pairly.moderation.admin.panels import shown_lines

__all__ = ["MessageAdmin"]

PAGE_ROWS = 50


class MessageAdmin(ReadOnlyAdmin):
    """No list of everything: a page to search, and the conversations that it leads to."""

    area = "Messaging"
    icon = "forum"
    view_permission = "content.view"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path(
                "conversation/<uuid:conversation_id>/",
                view(self.conversation_view),
                name="messaging_conversation",
            ),
            path(
                "conversation/<uuid:conversation_id>/export/",
                view(self.export_view),
                name="messaging_conversation_export",
            ),
            path(
                "attachment/<uuid:attachment_id>/",
                view(self.attachment_view),
                name="messaging_attachment_content",
            ),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The search. What is found is shown for a reason alone."""
        self._require(request, self.view_permission)
        form = SearchForm(request.GET or None)
        context = {**self.admin_site.each_context(request), "title": "Messages", "form": form}
        if form.is_valid():
            found = staff_reading.search(**_who(request), **form.cleaned_data)
            reason = form.cleaned_data["reason"]
            context |= {
                "lines": _linked(found.messages, reason),
                "is_cut": found.is_cut,
                "searched": True,
            }
        return TemplateResponse(request, "admin/messaging/search.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A message is read in its conversation."""
        message = message_by_id(UUID(object_id))
        return HttpResponseRedirect(_address(message, request.GET.get("reason", "")))

    def conversation_view(self, request: Any, conversation_id: UUID) -> HttpResponse:
        """Fifty messages of two people. Asks why first; ``?erase=`` is the dialog that erases."""
        self._require(request, self.view_permission)
        if "erase" in request.GET:
            self._require(request, "content.erase")
            answer: HttpResponse = _erase(None, request)
            return answer
        form = ReasonToReadForm(request.GET if "reason" in request.GET else None)
        context = {
            **self.admin_site.each_context(request),
            "title": "Conversation",
            "form": form,
            "conversation_id": conversation_id,
        }
        if form.is_valid():
            reason = form.cleaned_data["reason"]
            conversation = staff_reading.open_conversation(
                conversation_id=conversation_id, **_who(request), reason=reason
            )
            context |= self._page(request, conversation, reason)
        return TemplateResponse(request, "admin/messaging/conversation.html", context)

    def _page(self, request: Any, conversation: Conversation, reason: str) -> dict[str, Any]:
        before_seq = _number(request.GET.get("before", ""))
        rows = messages_of_conversation(
            conversation.pk, before_seq=before_seq, after_seq=None, limit=PAGE_ROWS + 1
        )
        older = rows[PAGE_ROWS - 1].seq if len(rows) > PAGE_ROWS else None
        shown = rows[:PAGE_ROWS][::-1]
        lines = shown_lines([line_of(one, is_target=_is_meant(request, one)) for one in shown])
        may_erase = request.user.has_perm("content.erase")
        for line, message in zip(lines, shown, strict=True):
            line["erase"] = message.pk if may_erase else None
        names = Names.of([conversation.first_id, conversation.second_id])
        return {
            "lines": lines,
            "reason": reason,
            "people": [
                person_link(user_id, names[user_id])
                for user_id in (conversation.first_id, conversation.second_id)
            ],
            "count": conversation.last_seq,
            "older": f"?{urlencode({'reason': reason, 'before': older})}" if older else "",
            "newest": f"?{urlencode({'reason': reason})}" if before_seq else "",
            "may_export": request.user.has_perm("content.act"),
        }

    def export_view(self, request: HttpRequest, conversation_id: UUID) -> HttpResponseBase:
        """The whole conversation as a file."""
        self._require(request, "content.act")
        lines = staff_reading.export_lines(
            conversation_id=conversation_id,
            **_who(request),
            reason=request.POST.get("reason", ""),
        )
        answer = stream(request, lines, content_type="application/x-ndjson")
        name = f"conversation-{conversation_id}.ndjson"
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer

    def attachment_view(self, request: HttpRequest, attachment_id: UUID) -> HttpResponseBase:
        self._require(request, self.view_permission)
        file = staff_reading.open_attachment(
            attachment_id=attachment_id, **_who(request), noted=begins_anew(request)
        )
        return send_file(request, file)

    @staticmethod
    def _require(request: Any, permission: str) -> None:
        if not request.user.has_perm(permission):
            raise PermissionDenied


@action(
    description="Erase",
    dialog=dialog(
        "Erase this message for ever",
        "Its words and files go, from the conversation, from what devices catch up with, and from"
        " moderation's cases. Nobody can bring them back.",
        submit="Erase",
    ),
)
def _erase(_page: None, request: Any, form: Any) -> HttpResponse:
    message = message_by_id(UUID(request.GET["erase"]))
    reason = form.cleaned_data["reason"]
    erase_for_ever(message_id=message.pk, **_who(request), reason=reason)
    return done(request, "It is gone.", _address(message, reason))


def _linked(messages: Any, reason: str) -> list[dict[str, Any]]:
    """Lines that lead to their conversations."""
    lines = shown_lines([line_of(one) for one in messages])
    for line, message in zip(lines, messages, strict=True):
        line |= {"address": _address(message, reason), "is_second": False}
    return lines


def _address(message: Message, reason: str) -> str:
    """The page of the conversation with the message in its midst."""
    page = reverse("admin:messaging_conversation", args=[message.conversation_id])
    query = {"before": message.seq + PAGE_ROWS // 2, "message": message.pk}
    return f"{page}?{urlencode(query | ({'reason': reason} if reason else {}))}"


def _is_meant(request: HttpRequest, message: Message) -> bool:
    return request.GET.get("message") == str(message.pk)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _who(request: Any) -> dict[str, Any]:
    return {"actor_id": request.user.pk, "request_id": request_id_of(request)}
