"""The dashboards of analytics, and the reports that staff have saved."""

from typing import Any

from django.contrib import admin

from analytics.reports.admin.dashboards import DASHBOARDS
from analytics.reports.admin.pages import LIVE, SAVED, dashboard_view, live_view, saved_view

site: Any = admin.site
for dashboard in DASHBOARDS:
    site.add_page(dashboard.address, dashboard_view(dashboard), dashboard.page)
site.add_page("analytics/live/", live_view, LIVE)
site.add_page("analytics/saved/", saved_view, SAVED)
