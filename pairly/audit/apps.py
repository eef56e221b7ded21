from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "pairly.audit"
    label = "audit"

    def ready(self) -> None:
        from pairly.core.appendonly import guard_after_migrate

        guard_after_migrate(self)
