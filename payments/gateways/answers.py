"""What became of a question to a provider, in the words of ``base``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TypeVar

from django.conf import settings

from payments.gateways.base import GatewayRefused, GatewayUnreachable, RefundOrder, RefundSeen

__all__ = ["NotThere", "Patience", "asked", "first_again", "understood"]

Answer = TypeVar("Answer")


class NotThere(GatewayRefused):
    """The provider knows nothing of what it was asked about."""


class Patience:
    """Spares a provider that keeps silent, and those of ours who would wait for it: after
    ``PAYMENT_SILENCES_MAX`` silences in a row it counts as silent for ``PAYMENT_PAUSE_SECONDS``,
    and then until it answers again. One for a process; that its threads count at the same time
    makes it a silence more or less."""

    def __init__(self) -> None:
        self._silences = 0
        self._asked_again_at = 0.0

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around one question. Raises ``GatewayUnreachable``."""
        if monotonic() < self._asked_again_at:
            raise GatewayUnreachable("it has been silent, and is not asked for a while")
        try:
            yield
        except GatewayUnreachable:
            self._silences += 1
            if self._silences >= settings.PAYMENT_SILENCES_MAX:
                self._asked_again_at = monotonic() + settings.PAYMENT_PAUSE_SECONDS
            raise
        except GatewayRefused:
            self._silences = 0
            raise
        self._silences = 0


def asked(question: Callable[[], Answer]) -> Answer | None:
    """The answer to a question that changes nothing; None if the provider knows nothing of it.

    A refusal to answer (a key that was withdrawn, say) tells nothing of how things stand, so it
    raises ``GatewayUnreachable`` like silence.
    """
    try:
        return question()
    except NotThere:
        return None
    except GatewayRefused as refusal:
        raise GatewayUnreachable(f"it refused to answer: {refusal.code}") from refusal


def first_again(known: RefundSeen, order: RefundOrder) -> RefundSeen:
    """A refund that was made before. Raises ``GatewayRefused`` if it was for another amount."""
    if (known.amount_minor, known.currency) != (order.amount_minor, order.currency):
        raise GatewayRefused("idempotency_error", "This refund was made with another amount.")
    return known


@contextmanager
def understood() -> Iterator[None]:
    """An answer of another shape tells as little as none. Raises ``GatewayUnreachable``."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise GatewayUnreachable(f"{type(error).__name__} in its answer: {error}") from error
