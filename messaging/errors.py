"""What messaging refuses."""

from pairly.core.errors import Conflict, PairlyError, PermissionDenied

__all__ = [
    "MessageBlocked",
    "MessageDeleted",
    "NotAnsweredYet",
    "TooLate",
    "TooManyNewConversations",
]


class MessageBlocked(PairlyError):
    code = "message_blocked"
    status = 422
    title = "This text cannot be sent here."


class MessageDeleted(Conflict):
    code = "message_deleted"
    title = "This message was deleted."


class NotAnsweredYet(PermissionDenied):
    """So many messages may go unanswered, and no more."""

    code = "not_answered_yet"
    title = "Wait until this person has answered."


class TooLate(Conflict):
    code = "too_late"
    title = "It is too late to change this message."


class TooManyNewConversations(PairlyError):
    code = "too_many_new_conversations"
    status = 429
    title = "You have begun enough conversations for today."
