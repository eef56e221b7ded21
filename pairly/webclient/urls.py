"""The web client's address, mounted where ``WEB_CLIENT`` is on."""

from django.urls import path

from pairly.webclient.views import PageView

urlpatterns = [path("", PageView.as_view(), name="web-client")]
