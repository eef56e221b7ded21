"""Who keeps running into limits: counted in the shared cache, told of once in a while.

A refusal costs no row. The one that is too much within ``ALERT_REFUSALS_MINUTES`` is handed to the
function that ``REFUSALS_TOLD`` names; those after it are counted in silence until the next window.
"""

import logging
import time
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from pairly.core import shared_cache

__all__ = ["note_refusal"]

logger = logging.getLogger(__name__)


def note_refusal(user_id: UUID) -> None:
    """A person was told to slow down. Without the cache nobody is counted."""
    window_seconds = settings.ALERT_REFUSALS_MINUTES * 60
    key = f"refused:{user_id.hex}:{int(time.time()) // window_seconds}"
    try:
        count = shared_cache.ask(
            lambda cache: shared_cache.increment(cache, key, keep_seconds=window_seconds)
        )
    except shared_cache.CacheAway:
        return
    if count == settings.ALERT_REFUSALS_MAX + 1:
        _tell(user_id)


def _tell(user_id: UUID) -> None:
    try:
        import_string(settings.REFUSALS_TOLD)(user_id)
    except Exception:
        logger.exception("nobody could be told who keeps running into limits")
