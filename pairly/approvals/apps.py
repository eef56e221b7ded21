from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "pairly.approvals"
    label = "approvals"
