"""Background work on the audit log."""

from itertools import islice

from pairly.audit.sealing import seal_waiting
from pairly.audit.verify import problems
from pairly.core import clock

__all__ = ["seal_audit", "verify_audit"]

PROBLEMS_TOLD_MAX = 5


class AuditBroken(Exception):
    """The audit log is not what was written."""


def seal_audit() -> int:
    """Seal what waits; how many entries that were. Any number of processes may do so."""
    return seal_waiting(clock.now())


def verify_audit() -> str:
    """Verify the whole log. Raises ``AuditBroken`` with the first bad places."""
    seal_audit()
    found = list(islice(problems(), PROBLEMS_TOLD_MAX))
    if found:
        raise AuditBroken("; ".join(found))
    return "the audit log is as written"
