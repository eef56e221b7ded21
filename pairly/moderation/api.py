"""``/api/v1/moderation/notices``: what a person was told."""

from typing import Any

from rest_framework.generics import ListAPIView

from pairly.moderation.models import Notice
from pairly.moderation.selectors import notices_of
from pairly.moderation.serializers import NoticeSerializer

__all__ = ["NoticesView"]


class NoticesView(ListAPIView[Notice]):
    """What staff decided about something of one's own, newest first."""

    serializer_class = NoticeSerializer
    ordering = ("-id",)
    queryset = Notice.objects.none()

    def get_queryset(self) -> Any:
        return notices_of(self.request.user.pk)
