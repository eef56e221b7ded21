from django.apps import AppConfig


class CallingConfig(AppConfig):
    name = "calling"

    def ready(self) -> None:
        from calling import commands, handlers  # noqa: F401 - registers the commands of calls.
        from calling.events import CallConnected, CallEnded
        from calling.exports import calls_of
        from calling.invariants import INVARIANTS
        from calling.selectors import callees_of, has_call, talking
        from calling.subject import CallSubject
        from pairly.accounts import exports, report_targets
        from pairly.accounts.events import UserBlocked, UserDeleted, UserSuspended
        from pairly.core.invariants import register_invariants
        from pairly.moderation import subjects
        from pairly.outbox.services import subscribe
        from payments.fraud import payees
        from presence import registry

        subscribe(UserBlocked, handlers.on_blocked, inside=True)
        subscribe(UserSuspended, handlers.on_suspended, inside=True)
        subscribe(UserDeleted, handlers.on_deleted, inside=True)
        subscribe(CallConnected, handlers.on_talk_changed, inside=True)
        subscribe(CallEnded, handlers.on_talk_changed, inside=True)
        registry.register_calls(talking)
        report_targets.register("call", has_call)
        subjects.register("call", CallSubject())
        register_invariants(*INVARIANTS)
        exports.register("calls", calls_of)
        payees.register("call", callees_of)
