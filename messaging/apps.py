from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        from django.core.checks import register

        from messaging import commands, handlers  # noqa: F401 - registers the chat commands.
        from messaging.attachments.checks import check_attachment_sizes
        from messaging.attachments.handlers import remove_files_of_the_deleted
        from messaging.attachments.selectors import attachments_export
        from messaging.exports import messages_of
        from messaging.selectors import acquainted, has_message, recipients_of
        from messaging.services.typing import forget_partners
        from messaging.subject import MessageSubject
        from pairly.accounts import exports, report_targets
        from pairly.accounts.events import UserBlocked, UserDeleted, UserUnblocked
        from pairly.moderation import subjects
        from pairly.outbox.services import subscribe
        from pairly.realtime.connections import hub
        from payments.fraud import payees
        from presence import registry

        register(check_attachment_sizes, "pairly")
        subscribe(UserBlocked, handlers.on_blocks_changed, inside=True)
        subscribe(UserUnblocked, handlers.on_blocks_changed, inside=True)
        hub.listen(handlers.BLOCKS_CHANGED, forget_partners)
        subscribe(UserDeleted, remove_files_of_the_deleted)
        exports.register("attachments", attachments_export)
        exports.register("messages", messages_of)
        report_targets.register("message", has_message)
        subjects.register("message", MessageSubject())
        payees.register("message", recipients_of)
        registry.register_acquaintance(acquainted)
