"""The pages of messaging on the staff site."""

from django.contrib import admin

from messaging.admin.messages import MessageAdmin
from messaging.models import Message

__all__ = ["MessageAdmin"]

admin.site.register(Message, MessageAdmin)
