"""Background work on the audit log."""

from pairly.audit.sealing import seal_waiting
from pairly.core import clock

__all__ = ["seal_audit"]


def seal_audit() -> int:
    """Seal what waits; how many entries that were. Any number of processes may do so."""
    return seal_waiting(clock.now())
