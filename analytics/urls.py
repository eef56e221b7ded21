"""Routes of analytics below ``/api/v1/``."""

from django.urls import path

from analytics.api import EventList

urlpatterns = [
    path("analytics/events", EventList.as_view(), name="analytics-events"),
]
