"""Refusals of notifications."""

from pairly.core.errors import Conflict

__all__ = ["DeliveryNotReplayable", "ReplaysUsedUp"]


class DeliveryNotReplayable(Conflict):
    code = "delivery_not_replayable"
    title = "Only a dead letter is replayed, and ringing never."


class ReplaysUsedUp(Conflict):
    code = "replays_used_up"
    title = "This was replayed as often as it may be."
