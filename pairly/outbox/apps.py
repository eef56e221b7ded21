from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "pairly.outbox"
    label = "outbox"
