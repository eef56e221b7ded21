"""What waited too long."""

from pairly.approvals import services
from pairly.approvals.selectors import in_state
from pairly.core import clock

__all__ = ["expire_approvals"]

ROWS_AT_ONCE = 500


def expire_approvals() -> int:
    """Give up what nobody decided in time, each in its own transaction; how many.

    One that cannot be given up holds up no other; it fails the job at the end.
    """
    now = clock.now()
    late = in_state().filter(expires_at__lte=now).order_by("expires_at")
    ended, errors = 0, []
    for approval_id in list(late.values_list("pk", flat=True)[:ROWS_AT_ONCE]):
        try:
            ended += services.expire(approval_id=approval_id, now=now)
        except Exception as error:
            errors.append(error)
    if errors:
        raise ExceptionGroup("approvals that could not be given up", errors)
    return ended
