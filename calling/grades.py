"""How good a call sounds and looks, from what its devices measure.

A report is ``good`` where people notice nothing (ITU-T G.114 wants 150 ms one way, and codecs hide
two lost packets in a hundred), ``poor`` where talking becomes work, else ``fair``. All reports of a
side together are as good as three of four are, and poor as soon as one of four is.
"""

from django.db import models

__all__ = ["Grade", "grade_of", "grade_of_all"]


class Grade(models.TextChoices):
    GOOD = "good", "Good"
    FAIR = "fair", "Fair"
    POOR = "poor", "Poor"


def grade_of(*, rtt_ms: int, loss_percent: float, jitter_ms: int) -> Grade:
    """Of one report: round trip, lost packets and jitter; the worst of them decides."""
    if rtt_ms > 600 or loss_percent > 8 or jitter_ms > 80:
        return Grade.POOR
    if rtt_ms > 300 or loss_percent > 2 or jitter_ms > 30:
        return Grade.FAIR
    return Grade.GOOD


def grade_of_all(*, reports: int, good: int, poor: int) -> Grade:
    """Of all reports of one side."""
    if poor * 4 >= reports:
        return Grade.POOR
    return Grade.GOOD if good * 4 >= reports * 3 else Grade.FAIR
