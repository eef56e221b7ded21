from django.apps import AppConfig


class ModerationConfig(AppConfig):
    name = "pairly.moderation"
    label = "moderation"

    def ready(self) -> None:
        from pairly.accounts import exports
        from pairly.accounts.events import (
            PhotoChanged,
            ProfileChanged,
            ReportMade,
            UserDeleted,
            UserRegistered,
        )
        from pairly.core.appendonly import guard_after_migrate
        from pairly.moderation import handlers, schemas, subjects  # noqa: F401 - the event.
        from pairly.moderation.exports import notices_export
        from pairly.moderation.models import Case
        from pairly.moderation.people import PersonSubject, PhotoSubject, ProfileSubject
        from pairly.outbox.services import subscribe

        guard_after_migrate(self)
        subjects.register(Case.TargetType.USER, PersonSubject())
        subjects.register(Case.TargetType.PROFILE, ProfileSubject())
        subjects.register(Case.TargetType.PHOTO, PhotoSubject())
        subscribe(ReportMade, handlers.queue_reports, inside=True)
        subscribe(UserDeleted, handlers.forget_notices, inside=True)
        subscribe(ProfileChanged, handlers.look_at_profiles)
        subscribe(UserRegistered, handlers.look_at_new_people)
        subscribe(PhotoChanged, handlers.look_at_photos)
        exports.register("moderation_notices", notices_export)
