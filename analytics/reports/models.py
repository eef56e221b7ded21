"""Reports that staff have saved."""

from django.db import models

from pairly.core.ids import new_id

__all__ = ["NAME_CHARACTERS_MAX", "SavedReport"]

NAME_CHARACTERS_MAX = 80


class SavedReport(models.Model):
    """What was asked, as the text of a route's query, so that the days move with the time unless
    they are named in it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    name = models.CharField(max_length=NAME_CHARACTERS_MAX, unique=True)
    kind = models.CharField(max_length=16)
    query = models.JSONField(help_text="parameter: text")
    saved_by = models.UUIDField()
    saved_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
