"""What happens to the records of mails by themselves; ``pairly.schedule`` says when."""

from notifications.mail import services
from pairly.core import clock

__all__ = ["remove_old_bounces"]


def remove_old_bounces() -> int:
    return services.remove_old_bounces(now=clock.now())
