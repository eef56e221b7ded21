"""What payments do when something happens elsewhere."""

from collections.abc import Sequence

from django.conf import settings

from pairly.accounts.events import UserRegistered
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
