"""What payments do when something happens elsewhere."""

from collections.abc import Sequence

from django.conf import settings

from pairly.accounts.events import UserRegistered
from pairly.outbox.services import emit
from payments.events import CreditsAdded
from payments.services import Grant, grant_many, open_wallets

__all__ = ["open_wallets_of_the_new"]


def open_wallets_of_the_new(events: Sequence[UserRegistered]) -> None:
    """Inside the registration's transaction: a person never exists without accounts."""
    now = events[0].at
    open_wallets([event.user_id for event in events], now)
    credits: int = settings.WELCOME_BONUS_CREDITS
    grants = [
        Grant(
            owner_id=event.user_id,
            credits=credits,
            operation=f"bonus:{event.user_id}",
            kind="bonus",
        )
        for event in events
        if event.bonus and credits
    ]
    if grants:
        grant_many(grants, now=now, announce=False)
        emit(*(CreditsAdded(one.owner_id, one.credits, "bonus", one.operation) for one in grants))
