from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "pairly.jobs"
    label = "jobs"
