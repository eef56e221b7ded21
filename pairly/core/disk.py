"""Uploads on the disk of this machine."""

from collections.abc import Iterator

from django.core.files.storage import FileSystemStorage

__all__ = ["PART_BYTES", "DiskStorage"]

PART_BYTES = 256 * 1024


class DiskStorage(FileSystemStorage):
    """Django's own, which can also be read a part at a time. ``bucket`` has its sibling."""

    def read(self, name: str, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from ``start`` up to and without ``stop``. Raises ``FileNotFoundError``."""
        with self.open(name) as file:
            file.seek(start)
            left = stop - start
            while left > 0 and (part := file.read(min(PART_BYTES, left))):
                left -= len(part)
                yield part
