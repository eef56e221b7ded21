"""Rates within one process: how much, how fast."""

from dataclasses import dataclass

__all__ = ["TokenBucket"]


@dataclass(slots=True)
class TokenBucket:
    """``capacity`` at once, refilled evenly over ``window_seconds``."""

    capacity: int
    window_seconds: float
    _level: float = -1.0
    _at: float = 0.0

    def take(self, at_seconds: float) -> float:
        """Take one at a monotonic time. 0 when allowed, else the seconds until the next one."""
        if self._level < 0:
            self._level, self._at = float(self.capacity), at_seconds
        refill = (at_seconds - self._at) * self.capacity / self.window_seconds
        self._level = min(float(self.capacity), self._level + refill)
        self._at = at_seconds
        if self._level >= 1:
            self._level -= 1
            return 0.0
        return (1 - self._level) * self.window_seconds / self.capacity
