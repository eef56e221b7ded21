"""Frames of the socket that tell of credits."""

from pairly.realtime.frames import register_event
from payments.wallets import Wallet

__all__: list[str] = []

register_event(
    "wallet.updated",
    feature="chat",
    data=Wallet,
    summary="Credits came or went other than by this person's own command.",
)
