"""Start of the project: logs, access lines, system checks, the API's description."""

from django.apps import AppConfig
from django.core.checks import register
from django_structlog import signals

__all__ = ["PairlyConfig"]


class PairlyConfig(AppConfig):
    name = "pairly"

    def ready(self) -> None:
        from pairly import checks
        from pairly.core import http, logs

        logs.configure()
        signals.bind_extra_request_finished_metadata.connect(http.describe_request)
        signals.bind_extra_request_failed_metadata.connect(http.describe_failure)
        for check, tags in checks.CHECKS:
            register(check, *tags)
