"""One table: how each periodic task fared the last time."""

from django.db import models

__all__ = ["ERROR_LENGTH_MAX", "RESULT_LENGTH_MAX", "JobRun"]

RESULT_LENGTH_MAX = 500
ERROR_LENGTH_MAX = 2000


class JobRun(models.Model):
    """The last run of one task of ``pairly.schedule``, and its last failure, which stays."""

    name = models.CharField(primary_key=True, max_length=60, db_column="_id")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, help_text="absent while it runs")
    result = models.CharField(max_length=RESULT_LENGTH_MAX, blank=True)
    error = models.CharField(max_length=ERROR_LENGTH_MAX, blank=True, help_text="of the last run")
    failed_at = models.DateTimeField(null=True, help_text="the last failure of any run")
    last_error = models.CharField(max_length=ERROR_LENGTH_MAX, blank=True)

    def __str__(self) -> str:
        return self.name
