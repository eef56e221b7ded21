"""What may be sent: a short list, told by the content alone and never by a name or a header.

Images are told by the image door, which also makes them anew. What may be of two kinds (an MP4
or WebM with sound alone) is looked into, so that nobody sends a video at the price of a sound.
"""

import re
from dataclasses import dataclass
from typing import IO, Final

from messaging.attachments.boxes import track_handlers
from messaging.attachments.elements import SOUND, VIDEO, track_types

__all__ = ["ALLOWED", "IMAGE_TYPES", "Found", "recognise", "suffix_of"]

HEAD_BYTES = 64 * 1024
TEXT_BYTES_MAX = 1024 * 1024

IMAGE_TYPES: Final = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
}
ALLOWED: Final = {
    **IMAGE_TYPES,
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "audio/webm": ".weba",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
}

# An MPEG audio frame: eleven set bits, then a version, layer III, a bit rate and a sample rate
# that exist.
MP3_FRAME = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]")
# Control characters, the beginning of a tag, a script's first line.
UNPLAIN = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]|<[!?/a-z]|\A\s*#!", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    kind: str
    content_type: str


def suffix_of(content_type: str) -> str:
    return ALLOWED[content_type]


def recognise(file: IO[bytes]) -> Found | None:
    """What the content is; None for anything that is not taken. Leaves the file at its start."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    content_type = _image(head) or _media(file, head) or _document(file, head)
    file.seek(0)
    if content_type is None:
        return None
    kind = content_type.partition("/")[0]
    return Found(kind if kind in ("image", "audio", "video") else "file", content_type)


def _image(head: bytes) -> str | None:
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def _media(file: IO[bytes], head: bytes) -> str | None:
    if head[4:8] == b"ftyp":
        return _mp4(file, brand=head[8:12])
    if head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head[:64]:
        return _webm(file)
    if head.startswith(b"OggS"):
        return None if b"theora" in head[:4096] else "audio/ogg"
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return "audio/wav"
    if head.startswith(b"ID3") or MP3_FRAME.match(head):
        return "audio/mpeg"
    return None


def _document(file: IO[bytes], head: bytes) -> str | None:
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    return "text/plain" if _is_plain_text(file) else None


def _is_plain_text(file: IO[bytes]) -> bool:
    """UTF-8 without control characters or markup: neither HTML nor SVG, script nor program."""
    file.seek(0)
    content = file.read(TEXT_BYTES_MAX + 1)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return False
    return len(content) <= TEXT_BYTES_MAX and not UNPLAIN.search(text)


def _mp4(file: IO[bytes], brand: bytes) -> str | None:
    """MP4 or QuickTime by what its tracks hold. None when it has none of either."""
    handlers = set(track_handlers(file))
    if b"vide" in handlers:
        return "video/quicktime" if brand == b"qt  " else "video/mp4"
    return "audio/mp4" if b"soun" in handlers else None


def _webm(file: IO[bytes]) -> str | None:
    """By what its tracks hold, as above."""
    types = track_types(file)
    if VIDEO in types:
        return "video/webm"
    return "audio/webm" if SOUND in types else None
