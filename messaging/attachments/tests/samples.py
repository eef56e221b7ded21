"""Small files of every kind, good and bad, made here."""

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

__all__ = [
    "REFUSED_TYPES",
    "TAKEN",
    "animation",
    "bomb",
    "frames_without_end",
    "mp4",
    "photograph",
    "picture",
    "scans_without_end",
]

SECRET = b"taken at home, 52.5 N 13.4 E"


def picture(format: str = "PNG", size: tuple[int, int] = (300, 200), **options: Any) -> bytes:
    encoded = BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(encoded, format, **options)
    return encoded.getvalue()


def photograph() -> bytes:
    """A JPEG that tells where it was taken, in three places, and carries an archive."""
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()  # ImageDescription
    exif.get_ifd(0x8825)[1] = "N"  # GPS
    exif[0x0112] = 6  # lies on its side
    return picture("JPEG", (400, 200), exif=exif, comment=SECRET) + b"PK\x03\x04" + SECRET


def animation(
    frames: int = 5,
    size: tuple[int, int] = (60, 40),
    format: str = "GIF",
    comment: bytes = SECRET,
) -> bytes:
    shown = [Image.new("RGB", size, (n * 40 % 256, 80, 160)) for n in range(frames)]
    encoded = BytesIO()
    options = {"save_all": True, "append_images": shown[1:], "duration": 70, "loop": 0}
    shown[0].save(encoded, format, comment=comment, **options)
    return encoded.getvalue()


def bomb(side: int = 30_000) -> bytes:
    """A PNG of some kilobytes that decodes to gigabytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        end = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + end

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def frames_without_end(count: int = 3000, side: int = 400) -> bytes:
    """A GIF of many frames that each fill the canvas, or are of another size than it says."""
    one = animation(1, (400, 400), comment=b"")
    start = one.index(b"\x2c", 13 + 3 * 2 ** ((one[10] & 7) + 1))
    frame = bytearray(one[start:-1])
    first, frame[5:9] = bytes(frame), struct.pack("<HH", side, side)
    return one[:start] + first + bytes(frame) * count + b"\x3b"


def scans_without_end(count: int = 200) -> bytes:
    """A progressive JPEG that is painted over again and again, by a few bytes each time."""
    drawn = picture("JPEG", (8, 8), progressive=True)
    end = drawn.rindex(b"\xff\xd9")
    codes = bytes([1] + [0] * 15) + b"\x00"  # one code, of one bit: nothing more in this block
    table = b"\xff\xc4" + struct.pack(">H", 3 + len(codes)) + b"\x10" + codes
    scan = b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, 1, 0, 1, 63, 0) + b"\x7f"
    return drawn[:end] + (table + scan) * count + b"\xff\xd9" + b"\xff\xda" * 200


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def _told(name: bytes, told: bytes) -> bytes:
    return box(name, told) if told else b""


def mp4(track: bytes, brand: bytes = b"isom", told: bytes = b"") -> bytes:
    """With one track of this kind, ``vide`` or ``soun``; what is played comes before it. ``told``
    stands where telephones write where they were."""
    handler = box(b"hdlr", bytes(8) + track + bytes(12) + b"\x00")
    track_box = box(b"trak", box(b"mdia", handler) + _told(b"udta", told))
    more = _told(b"udta", told and box(b"\xa9xyz", told)) + _told(b"meta", told)
    media = box(b"moov", box(b"mvhd", bytes(100)) + track_box + more) + _told(b"uuid", told)
    return box(b"ftyp", brand + bytes(4)) + box(b"mdat", bytes(5000)) + media


MP3 = b"\xff\xfb\x90\x00" + bytes(400)


def element(name: bytes, content: bytes) -> bytes:
    return name + struct.pack(">Q", 1 << 56 | len(content)) + content


def webm(*tracks: int, before: bytes = b"", doctype: bytes = b"webm") -> bytes:
    """With tracks of these types, 1 for a film and 2 for sound, as a browser records it: nobody
    knew how long it would be. ``before`` comes between its beginning and its tracks."""
    head = element(b"\x1a\x45\xdf\xa3", element(b"\x42\x82", doctype))
    codecs = {1: b"V_VP9", 2: b"A_OPUS"}
    entries = [
        element(b"\xae", b"\x83\x81" + bytes([track]) + element(b"\x86", codecs[track]))
        for track in tracks
    ]
    described = element(b"\x16\x54\xae\x6b", b"".join(entries))
    without_end = b"\xff" * 8
    return (
        head
        + (b"\x18\x53\x80\x67\x01" + without_end[1:])
        + before
        + described
        + (b"\x1f\x43\xb6\x75\x01" + without_end[1:] + bytes(500))
    )


GAP = element(b"\xec", b"A_OPUS" + bytes(70_000))

TAKEN: dict[str, tuple[bytes, str, str]] = {
    "a.jpg": (picture("JPEG"), "image", "image/jpeg"),
    "of a telephone, with another picture inside.jpg": (
        picture("MPO", save_all=True, append_images=[Image.new("RGB", (30, 20))]),
        "image",
        "image/jpeg",
    ),
    "with few scans, whatever comes behind.jpg": (scans_without_end(20), "image", "image/jpeg"),
    "a.png": (picture("PNG"), "image", "image/png"),
    "a.webp": (picture("WEBP"), "image", "image/webp"),
    "still.gif": (picture("GIF"), "image", "image/png"),
    "moving.gif": (animation(), "image", "image/webp"),
    "moving.webp": (animation(format="WEBP"), "image", "image/webp"),
    "a.mp3": (
        b"ID3\x04" + bytes(6) + MP3,
        "audio",
        "audio/mpeg",
    ),
    "bare.mp3": (MP3, "audio", "audio/mpeg"),
    "a.m4a": (mp4(b"soun", b"M4A "), "audio", "audio/mp4"),
    "a.ogg": (b"OggS" + bytes(24) + b"OpusHead" + bytes(60), "audio", "audio/ogg"),
    "a.wav": (b"RIFF\x64\x00\x00\x00WAVEfmt " + bytes(80), "audio", "audio/wav"),
    "a.weba": (webm(2), "audio", "audio/webm"),
    "a.mp4": (mp4(b"vide"), "video", "video/mp4"),
    "sound-named.m4a": (mp4(b"vide", b"M4A "), "video", "video/mp4"),
    "a.mov": (mp4(b"vide", b"qt  "), "video", "video/quicktime"),
    "a.webm": (webm(2, 1), "video", "video/webm"),
    "a film a long way into the file.webm": (webm(1, before=GAP), "video", "video/webm"),
    "a.pdf": (b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n", "file", "application/pdf"),
    "a.txt": ("Ankommen, <3 und 5 < 6 – देखो\r\n".encode(), "file", "text/plain"),
}

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

REFUSED_TYPES: dict[str, bytes] = {
    "a program of Windows": b"MZ\x90\x00" + bytes(200) + b"This program cannot be run in DOS mode.",
    "a program of Linux": b"\x7fELF\x02\x01\x01" + bytes(200),
    "a script": b"#!/bin/sh\nrm -rf /\n",
    "SVG with a script": SVG,
    "SVG behind an XML declaration": b'<?xml version="1.0"?>\n' + SVG,
    "SVG behind a byte order mark": b"\xef\xbb\xbf\n\n" + SVG,
    "a page": b"hello\n<!DOCTYPE html><script>alert(1)</script>",
    "an archive": b"PK\x03\x04" + bytes(100),
    "a GIF's beginning before a script": b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)",
    "a JPEG's beginning": b"\xff\xd8\xff\xe0" + bytes(300),
    "an MP4 without tracks": box(b"ftyp", b"isom" + bytes(4)) + box(b"mdat", bytes(100)),
    "an MP4 whose boxes lie": box(b"ftyp", b"isom" + bytes(4)) + b"\xff\xff\xff\xffmoov" + bytes(9),
    "boxes of size zero": box(b"ftyp", b"isom" + bytes(4)) + b"\x00\x00\x00\x01moov" + bytes(16),
    "a Matroska film": webm(1, doctype=b"matroska"),
    "a WebM without tracks": webm(),
    "a WebM whose elements lie": webm(2)[:60],
    "a WebM of elements without end": webm(1, before=b"\xec\x80" * 20_000),
    "bytes": bytes(range(256)),
    "text that is not UTF-8": "Grüße".encode("latin-1"),
}
