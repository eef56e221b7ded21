"""Routes of devices, below ``/api/v1/``."""

from django.urls import path

from notifications.push.api import PushDevicesView, PushDeviceView

urlpatterns = [
    path("notifications/devices", PushDevicesView.as_view(), name="push-devices"),
    path("notifications/devices/<uuid:device_id>", PushDeviceView.as_view(), name="push-device"),
]
