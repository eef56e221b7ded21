"""Whole text frames, read and written directly.

Nearly every frame of a socket is one whole, masked text frame (RFC 6455, section 5.2), and both
servers' parsers take many times longer for it than the frame needs. ``FrameReader`` takes these
and hands every other byte to the server's parser, one whole frame at a time, so that control
frames, fragments and violations are judged there and nowhere else.
"""

from collections.abc import Callable

from websockets.frames import apply_mask  # type: ignore[attr-defined]  # in C where it can be

__all__ = ["FrameReader", "text_frame"]

FINAL_TEXT = 0x81
MASKED = 0x80
LENGTH = 0x7F
MASK_BYTES = 4
TWO_BYTES, EIGHT_BYTES = 126, 127
"""In the place of a length: how many bytes of it follow."""
CONTROL = 0x08
FINAL = 0x80


class FrameReader:
    """Cuts one open socket's bytes into frames.

    ``take_text`` gets the text of a whole frame. ``parse`` gets the bytes of any other one, from
    its first to its last. A frame longer than ``payload_bytes_max`` is not waited for: it goes
    there as it comes, and so does everything after it.
    """

    __slots__ = (
        "_buffer",
        "_in_fragments",
        "_parse",
        "_passing",
        "_payload_bytes_max",
        "_take_text",
    )

    def __init__(
        self,
        take_text: Callable[[str], None],
        parse: Callable[[bytes], None],
        *,
        payload_bytes_max: int,
    ) -> None:
        self._take_text = take_text
        self._parse = parse
        self._payload_bytes_max = payload_bytes_max
        self._buffer = b""
        self._in_fragments = False
        self._passing = False

    def feed(self, data: bytes) -> None:
        if self._passing:
            self._parse(data)
            return
        if self._buffer:
            data = self._buffer + data
        start, end = 0, len(data)
        while end - start >= 2:
            head, payload = 2, data[start + 1] & LENGTH
            if payload >= TWO_BYTES:
                head = 4 if payload == TWO_BYTES else 10
                if end - start < head:
                    break
                payload = int.from_bytes(data[start + 2 : start + head], "big")
            if data[start + 1] & MASKED:
                head += MASK_BYTES
            if payload > self._payload_bytes_max:
                self._passing, self._buffer = True, b""
                self._parse(data[start:])
                return
            following = start + head + payload
            if following > end:
                break
            self._read(data, start, start + head, following)
            start = following
        self._buffer = data[start:]

    def _read(self, data: bytes, start: int, body: int, following: int) -> None:
        """One whole frame. A text that is not masked UTF-8 of the shortest form is the parser's to
        refuse."""
        first, length = data[start], following - body
        is_short = body - start == (6 if length < TWO_BYTES else 8)
        if first == FINAL_TEXT and data[start + 1] & MASKED and is_short and not self._in_fragments:
            text = _text(apply_mask(data[body:following], data[body - MASK_BYTES : body]))
            if text is not None:
                self._take_text(text)
                return
        if not first & CONTROL:
            self._in_fragments = not first & FINAL
        self._parse(data[start:following])


def _text(payload: bytes) -> str | None:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return None


def text_frame(text: str) -> bytes:
    """A whole text frame as a server sends it: final and not masked."""
    payload = text.encode()
    length = len(payload)
    if length < TWO_BYTES:
        return bytes((FINAL_TEXT, length)) + payload
    if length < 1 << 16:
        return bytes((FINAL_TEXT, TWO_BYTES)) + length.to_bytes(2, "big") + payload
    return bytes((FINAL_TEXT, EIGHT_BYTES)) + length.to_bytes(8, "big") + payload
