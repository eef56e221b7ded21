from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = "Analytics"

    def ready(self) -> None:
        from analytics import handlers
        from analytics.exports import events_of
        from calling.events import CallConnected, CallEnded
        from pairly.accounts import exports
        from pairly.accounts.events import (
            PhotoChanged,
            ProfileChanged,
            SignedIn,
            UserDeleted,
            UserRegistered,
        )
        from pairly.outbox.services import subscribe
        from payments.events import DisputeClosed, DisputeOpened, PurchaseCompleted, RefundSettled

        # Of messages nobody tells: see services/messages.py.
        subscribe(UserRegistered, handlers.on_registered)
        subscribe(SignedIn, handlers.on_signed_in)
        subscribe(ProfileChanged, handlers.on_profiles_changed)
        subscribe(PhotoChanged, handlers.on_profiles_changed)
        subscribe(UserDeleted, handlers.on_deleted)
        subscribe(CallConnected, handlers.on_calls_connected)
        subscribe(CallEnded, handlers.on_calls_ended)
        subscribe(PurchaseCompleted, handlers.on_purchases)
        subscribe(RefundSettled, handlers.on_refunds)
        subscribe(DisputeOpened, handlers.on_disputes_opened)
        subscribe(DisputeClosed, handlers.on_disputes_closed)
        exports.register("events", events_of)
