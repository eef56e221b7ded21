"""The boxes that MP4 and QuickTime files are made of, as far as we look into them.

A telephone writes into a film where it was taken, and with what. Such boxes are emptied in place:
renamed to ``free``, which players skip, and filled with zeros, so that nothing else moves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

__all__ = ["empty_metadata", "track_handlers"]

BOXES_MAX: Final = 10_000
CONTAINERS: Final = (b"moov", b"trak", b"mdia")
METADATA: Final = (b"udta", b"meta", b"uuid")
ZEROS_AT_ONCE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Box:
    """``start`` is where its size stands, ``content`` where that ends, ``stop`` where it does."""

    name: bytes
    start: int
    content: int
    stop: int


def track_handlers(file: IO[bytes]) -> Iterator[bytes]:
    """The kind of each track: the word in ``moov/trak/mdia/hdlr``, as ``vide`` or ``soun``."""
    for box in _walk(file):
        if box.name == b"hdlr":
            file.seek(box.content + 8)
            yield file.read(4)


def empty_metadata(file: IO[bytes]) -> None:
    """Remove what the file tells beside its tracks: places, names, devices, comments."""
    for box in list(_walk(file)):
        if box.name in METADATA:
            file.seek(box.start + 4)
            file.write(b"free")
            _fill_with_zeros(file, box.content, box.stop)
    file.seek(0)


def _fill_with_zeros(file: IO[bytes], start: int, stop: int) -> None:
    file.seek(start)
    while start < stop:
        count = min(ZEROS_AT_ONCE, stop - start)
        file.write(bytes(count))
        start += count


def _walk(file: IO[bytes]) -> Iterator[Box]:
    """Every box that is not inside a track's samples, by the sizes that the boxes give."""
    file.seek(0, 2)
    inside, count = [(0, file.tell())], 0
    while inside:
        for box in _boxes(file, *inside.pop()):
            count += 1
            if count > BOXES_MAX:
                return
            if box.name in CONTAINERS:
                inside.append((box.content, box.stop))
            yield box


def _boxes(file: IO[bytes], start: int, stop: int) -> Iterator[Box]:
    """Side by side between the two places; ends at the first whose size cannot be."""
    while start + 8 <= stop:
        file.seek(start)
        header = file.read(16)
        size, name, content = int.from_bytes(header[:4], "big"), header[4:8], start + 8
        if size == 1:
            size, content = int.from_bytes(header[8:16], "big"), start + 16
        end = stop if size == 0 else start + size
        if end > stop or end < content:
            return
        yield Box(name, start, content, end)
        start = end
