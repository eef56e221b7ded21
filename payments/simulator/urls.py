"""Routes of the mock providers' page, below ``/``; in mock mode only."""

from django.urls import path

from payments.simulator.pages import MockPayView

urlpatterns = [path("pay/<uuid:intent_id>", MockPayView.as_view(), name="mock-pay")]
