from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    name = "pairly.realtime"
    verbose_name = "Realtime"

    def ready(self) -> None:
        from pairly.realtime import commands  # noqa: F401 - registers the protocol's own commands.
