"""What keeps a backup from being taken or restored."""

__all__ = ["BackupError"]


class BackupError(Exception):
    """A sentence for the operator, who can do something about it."""
