"""Background work of payments; ``pairly/schedule.py`` says when."""

import logging

from pairly.core import clock
from payments.ledger.sealing import seal_waiting
from payments.ledger.verification import Report, verify

__all__ = ["seal_ledger", "verify_ledger_full", "verify_ledger_incremental"]

logger = logging.getLogger(__name__)


def seal_ledger() -> int:
    """Seal every transfer that waits; how many that were."""
    return seal_waiting(clock.now())


def verify_ledger_incremental() -> bool:
    """What came since the last time."""
    return _told(verify(clock.now(), incremental=True))


def verify_ledger_full() -> bool:
    """Everything, trusting nothing of the runs before."""
    return _told(verify(clock.now()))


def _told(report: Report) -> bool:
    if not report.ok:
        logger.error("the ledger does not verify: %s", report.to_dict())
    return report.ok
