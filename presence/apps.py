from django.apps import AppConfig


class PresenceConfig(AppConfig):
    name = "presence"

    def ready(self) -> None:
        from pairly.accounts import activity, exports
        from pairly.accounts.events import (
            PrivacyChanged,
            UserBlocked,
            UserDeleted,
            UserRestored,
            UserSuspended,
            UserUnblocked,
        )
        from pairly.outbox.services import subscribe
        from pairly.realtime.connections import hub
        from presence import commands, handlers  # noqa: F401 - registers the commands.
        from presence.exports import presence_of
        from presence.leases import leases
        from presence.selectors import invisible_among
        from presence.tracker import tracker
        from presence.watching import CHANGED, watching

        hub.observers += [tracker, watching, leases]
        hub.listen(CHANGED, watching.heard)
        subscribe(UserBlocked, handlers.on_blocks_changed, inside=True)
        subscribe(UserUnblocked, handlers.on_blocks_changed, inside=True)
        subscribe(PrivacyChanged, handlers.on_people_changed, inside=True)
        subscribe(UserRestored, handlers.on_people_changed, inside=True)
        subscribe(UserSuspended, handlers.on_people_changed, inside=True)
        subscribe(UserDeleted, handlers.on_deleted, inside=True)
        exports.register("presence", presence_of)
        activity.register(invisible_among)
