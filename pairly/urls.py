"""Every address of the project, by composition only."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from pairly import views
from pairly.health import LiveView, ReadyView
from pairly.metrics import MetricsView
from pairly.schema import SchemaView

handler400 = "pairly.core.http.handler400"
handler403 = "pairly.core.http.handler403"
handler404 = "pairly.core.http.handler404"
handler500 = "pairly.core.http.handler500"

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", LiveView.as_view(), name="live"),
    path("health/ready", ReadyView.as_view(), name="ready"),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("api/docs", views.DocsView.as_view(), name="docs"),
    path("api/docs/realtime", views.RealtimePageView.as_view(), name="realtime-docs"),
    path("api/docs/errors", views.ErrorsPageView.as_view(), name="error-docs"),
    path("api/asyncapi.json", views.AsyncAPIView.as_view(), name="asyncapi"),
    path("api/v1/", views.IndexView.as_view(), name="index"),
    path("api/v1/config", views.ConfigView.as_view(), name="config"),
    path("api/v1/", include("payments.urls")),
    path("api/v1/", include("pairly.accounts.urls")),
    path("api/v1/", include("pairly.moderation.urls")),
    path("api/v1/", include("notifications.urls")),
    path("api/v1/", include("pairly.approvals.urls")),
    path("api/v1/", include("presence.urls")),
    path("api/v1/", include("messaging.urls")),
    path("api/v1/", include("calling.urls")),
    path("api/v1/", include("analytics.urls")),
    path("api/v1/", include("notifications.mail.urls")),
    path("api/v1/", include("notifications.push.urls")),
    path("api/v1/", include("analytics.reports.urls")),
    path("api/v1/", include("pairly.staff.urls")),
    path("admin/", admin.site.urls),
]
if settings.MOCK_MODE:
    urlpatterns.append(path("", include("payments.simulator.urls")))
if settings.WEB_CLIENT:
    urlpatterns.append(path("", include("pairly.webclient.urls")))
