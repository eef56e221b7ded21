from django.apps import AppConfig


class WebClientConfig(AppConfig):
    name = "pairly.webclient"
    label = "webclient"
