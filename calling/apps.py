from django.apps import AppConfig


class CallingConfig(AppConfig):
    name = "calling"

    def ready(self) -> None:
        from calling import commands, handlers  # noqa: F401 - registers the commands of calls.
        from calling.exports import calls_of
        from calling.invariants import INVARIANTS
        from calling.selectors import callees_of, has_call
        from calling.subject import CallSubject
        from pairly.accounts import exports, report_targets
        from pairly.accounts.events import UserBlocked, UserDeleted, UserSuspended
        from pairly.core.invariants import register_invariants
        from pairly.moderation import subjects
        from pairly.outbox.services import subscribe
        from payments.fraud import payees

        subscribe(UserBlocked, handlers.on_blocked, inside=True)
        subscribe(UserSuspended, handlers.on_suspended, inside=True)
        subscribe(UserDeleted, handlers.on_deleted, inside=True)
        report_targets.register("call", has_call)
        subjects.register("call", CallSubject())
        register_invariants(*INVARIANTS)
        exports.register("calls", calls_of)
        payees.register("call", callees_of)
