from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        from calling.events import CallConnected, CallEnded
        from messaging.events import ConversationRead, MessageSent
        from notifications import commands, handlers  # noqa: F401 - registers the commands.
        from notifications.broadcasts.services import register_approvals
        from notifications.events import MessagesSeen
        from notifications.exports import notifications_export, preferences_export
        from notifications.triggers import TRIGGERS
        from pairly.accounts import exports
        from pairly.accounts.events import UserDeleted
        from pairly.outbox.services import subscribe

        register_approvals()
        for event_type in TRIGGERS:
            subscribe(event_type, handlers.tell)
        subscribe(MessageSent, handlers.note_waiting, inside=True)
        subscribe(ConversationRead, handlers.note_seen, inside=True)
        subscribe(MessagesSeen, handlers.close_seen)
        subscribe(CallConnected, handlers.stop_ringing)
        subscribe(CallEnded, handlers.stop_ringing)
        subscribe(UserDeleted, handlers.forget, inside=True)
        exports.register("notifications", notifications_export)
        exports.register("notification_preferences", preferences_export)
