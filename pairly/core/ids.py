"""Primary keys and request ids; the one place to change the scheme."""

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from pairly.core.clock import to_milliseconds

__all__ = ["first_id_at", "new_id", "new_request_id"]

TIME_BITS_BELOW = 80


def new_id() -> UUID:
    """A UUID version 7 (RFC 9562): sorts by time of creation, also within one millisecond."""
    return uuid7()


def first_id_at(moment: datetime) -> UUID:
    """No id made at or after the moment is below this: rows of a time, found by their key. Ids
    begin with 1970, whatever earlier moment is asked for."""
    return UUID(int=max(0, to_milliseconds(moment)) << TIME_BITS_BELOW)


def new_request_id() -> str:
    """A trace id for one request or one socket command."""
    return uuid7().hex
