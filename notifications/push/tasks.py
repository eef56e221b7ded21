"""What happens to devices without being asked for; ``pairly.schedule`` says when."""

from notifications.push import services
from pairly.core import clock

__all__ = ["remove_old_devices"]


def remove_old_devices() -> int:
    return services.remove_old(now=clock.now())
