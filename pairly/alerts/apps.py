from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "pairly.alerts"
    label = "alerts"
