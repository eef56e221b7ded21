"""Notifications on the staff site."""

from typing import Any

from django.contrib import admin

from notifications.admin.broadcasts import BroadcastAdmin
from notifications.admin.deliveries import DeliveryAdmin
from notifications.admin.statistics import STATISTICS, statistics_view
from notifications.admin.texts import TEXTS, texts_view
from notifications.models import Broadcast, Delivery

admin.site.register(Delivery, DeliveryAdmin)
admin.site.register(Broadcast, BroadcastAdmin)

site: Any = admin.site
site.add_page("notification-statistics/", statistics_view, STATISTICS)
site.add_page("notification-texts/", texts_view, TEXTS)
