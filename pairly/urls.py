"""Every address of the project, by composition only."""

from django.urls import URLPattern, URLResolver

handler400 = "pairly.core.http.handler400"
handler403 = "pairly.core.http.handler403"
handler404 = "pairly.core.http.handler404"
handler500 = "pairly.core.http.handler500"

urlpatterns: list[URLPattern | URLResolver] = []
