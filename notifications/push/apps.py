from django.apps import AppConfig
from django.core.checks import Tags, register


class PushConfig(AppConfig):
    name = "notifications.push"
    verbose_name = "Pushes"

    def ready(self) -> None:
        from calling import reach
        from notifications import channels
        from notifications.push.checks import check_push_settings
        from notifications.push.exports import push_devices_of
        from notifications.push.handlers import forget_devices
        from notifications.push.selectors import has_device
        from notifications.push.sender import PushSender
        from pairly.accounts import exports
        from pairly.accounts.events import UserDeleted
        from pairly.outbox.services import subscribe

        channels.register(PushSender())
        reach.register(has_device)
        subscribe(UserDeleted, forget_devices, inside=True)
        exports.register("push_devices", push_devices_of)
        register(check_push_settings, "notifications", Tags.security)
