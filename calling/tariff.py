"""What a time of talking costs. Pure arithmetic over milliseconds and whole credits.

Time is counted in increments, by default whole minutes. An increment is due when it begins, the
first at the moment the media are there. The cost of a time is always that of the whole from its
start, and what is charged next is the difference to what was charged before: so rounding, upwards
to whole credits, happens once and never adds up.
"""

from dataclasses import dataclass

__all__ = ["Tariff"]


@dataclass(frozen=True, slots=True)
class Tariff:
    """The quote of a call. The increment divides the minute."""

    credits_per_minute: int
    minute_milliseconds: int
    increment_milliseconds: int

    def cost(self, milliseconds: int) -> int:
        """Credits for so long a talk, the increment that begins at its end included."""
        return self._priced(milliseconds // self.increment_milliseconds + 1)

    def cost_within(self, milliseconds: int, minutes: int) -> int:
        """The same, but never more than so many minutes: a call that ends because the next minute
        cannot be paid ends before it begins."""
        return min(self.cost(milliseconds), minutes * self.credits_per_minute)

    def full_minutes(self, milliseconds: int) -> int:
        """How many minutes are due in full by then."""
        increments = milliseconds // self.increment_milliseconds + 1
        return increments * self.increment_milliseconds // self.minute_milliseconds

    def minute_at(self, milliseconds: int) -> int:
        """The number of the minute that runs, from 1 on."""
        return milliseconds // self.minute_milliseconds + 1

    def _priced(self, increments: int) -> int:
        amount = increments * self.increment_milliseconds * self.credits_per_minute
        return -(-amount // self.minute_milliseconds)
