"""What staff are told of reconciliation: one alert for a provider's breaks, one for its failure."""

from datetime import datetime
from typing import Final

from pairly.alerts.models import Severity
from pairly.alerts.services import clear_alert, raise_alert
from payments.reconciliation.models import Reconciliation
from payments.reconciliation.selectors import COUNTED_MAX, pressing_breaks

__all__ = ["tell", "tell_of_breaks"]

BREAKS: Final = "reconciliation_breaks"
FAILED: Final = "reconciliation_failed"


def tell(run: Reconciliation, now: datetime) -> None:
    """How a run ended. Nothing is said of one that goes on elsewhere."""
    if run.state == Reconciliation.State.FAILED:
        raise_alert(
            kind=FAILED,
            key=run.provider,
            severity=Severity.WARNING,
            title=f"{run.provider} could not be reconciled",
            details=run.error,
            now=now,
        )
    elif run.state == Reconciliation.State.DONE:
        clear_alert(kind=FAILED, key=run.provider, now=now)
        tell_of_breaks(run.provider, now)


def tell_of_breaks(provider: str, now: datetime) -> None:
    """Open breaks that time alone does not settle; call it when some were opened or decided."""
    count = len(pressing_breaks(provider).values_list("pk", flat=True)[: COUNTED_MAX + 1])
    if not count:
        clear_alert(kind=BREAKS, key=provider, now=now)
        return
    many = f"more than {COUNTED_MAX}" if count > COUNTED_MAX else str(count)
    raise_alert(
        kind=BREAKS,
        key=provider,
        severity=Severity.CRITICAL,
        title=f"{provider} and our books differ: {many} open breaks",
        now=now,
    )
