from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        from messaging import commands, handlers  # noqa: F401 - registers the chat commands.
        from messaging.exports import messages_of
        from messaging.selectors import has_message
        from pairly.accounts import exports, report_targets
        from pairly.accounts.events import UserBlocked, UserUnblocked
        from pairly.outbox.services import subscribe

        subscribe(UserBlocked, handlers.on_blocks_changed, inside=True)
        subscribe(UserUnblocked, handlers.on_blocks_changed, inside=True)
        exports.register("messages", messages_of)
        report_targets.register("message", has_message)
