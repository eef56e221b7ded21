"""Routes of analytics below ``/api/v1/``."""

from django.urls import path

from analytics.api import EventList
from analytics.staff_api import DaysView, SetAsideView

urlpatterns = [
    path("analytics/events", EventList.as_view(), name="analytics-events"),
    path("staff/analytics/set-aside", SetAsideView.as_view(), name="staff-analytics-set-aside"),
    path("staff/analytics/days", DaysView.as_view(), name="staff-analytics-days"),
]
