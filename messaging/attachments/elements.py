"""The elements that WebM files are made of (EBML, RFC 8794), as far as we look into them."""

from collections.abc import Iterator
from typing import IO, Final

__all__ = ["SOUND", "VIDEO", "track_types"]

VIDEO, SOUND = 1, 2
ELEMENTS_MAX: Final = 10_000
ID_BYTES_MAX, SIZE_BYTES_MAX = 4, 8
CONTAINERS: Final = (0x18538067, 0x1654AE6B, 0xAE)
"""The segment, its tracks, and each track."""
TRACK_TYPE: Final = 0x83

Place = tuple[int, int, int]
"""An element's id, where its content begins, and where it ends."""


def track_types(file: IO[bytes]) -> set[int]:
    """The kinds of the tracks, wherever in the file they are described; none where there are more
    elements than anybody needs."""
    found: set[int] = set()
    file.seek(0, 2)
    inside, count = [(0, file.tell())], 0
    while inside:
        for name, start, stop in _elements(file, *inside.pop()):
            count += 1
            if count > ELEMENTS_MAX:
                return set()
            if name in CONTAINERS:
                inside.append((start, stop))
            elif name == TRACK_TYPE:
                file.seek(start)
                found.add(int.from_bytes(file.read(min(stop - start, SIZE_BYTES_MAX)), "big"))
    return found


def _elements(file: IO[bytes], start: int, stop: int) -> Iterator[Place]:
    """Side by side between the two places; ends at the first whose size cannot be."""
    while start < stop:
        file.seek(start)
        head = file.read(ID_BYTES_MAX + SIZE_BYTES_MAX)
        id_bytes = _length(head, ID_BYTES_MAX)
        size_bytes = _length(head[id_bytes:], SIZE_BYTES_MAX)
        if not id_bytes or not size_bytes:
            return
        content = start + id_bytes + size_bytes
        most = (1 << 7 * size_bytes) - 1
        size = int.from_bytes(head[id_bytes : id_bytes + size_bytes], "big") & most
        end = stop if size == most else content + size  # All bits set: to where it is in.
        if end > stop:
            return
        yield int.from_bytes(head[:id_bytes], "big"), content, end
        start = end


def _length(head: bytes, most: int) -> int:
    """How many bytes a number takes, which the zeros before its first bit tell; 0 for none."""
    length = 9 - head[0].bit_length() if head else 0
    return length if length <= min(most, len(head)) else 0
