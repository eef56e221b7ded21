"""Steps about files: sent, seen by the two, made anew, refused."""

import struct
import zlib
from uuid import uuid4

from pairly.demo.story import Story, expect, expect_refusal

__all__ = ["refuse_what_is_no_picture", "send_picture"]

SIDE = 16
PLACE = b"taken at home"


def _chunk(name: bytes, content: bytes) -> bytes:
    end = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + end


def _picture() -> bytes:
    """A small PNG that tells where it was taken."""
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + bytes((220, 20, 90)) * SIDE for _ in range(SIDE))
    chunks = {
        b"IHDR": header,
        b"tEXt": b"Comment\0" + PLACE,
        b"IDAT": zlib.compress(rows),
        b"IEND": b"",
    }
    body = b"".join(_chunk(name, content) for name, content in chunks.items())
    return b"\x89PNG\r\n\x1a\n" + body


def send_picture(story: Story) -> str:
    """Ava sends a picture; Ben sees it, in parts where he likes, without where it was taken"""
    answer = story.ava.http.post("attachments", files={"file": ("home.png", _picture())})
    expect(answer.status_code, 201, "status of the upload")
    file = answer.json()
    expect((file["kind"], file["width"], file["height"]), ("image", SIDE, SIDE), "the picture")
    address = f"attachments/{file['id']}"
    expect_refusal("not_found", story.ben.call, "GET", address)
    wish = {
        "conversation_id": story.conversation_id,
        "client_id": str(uuid4()),
        "kind": "image",
        "text": "My place",
        "attachment_ids": [file["id"]],
    }
    sent = story.ava_socket.command("message.send", wish)["message"]
    expect(sent["attachments"][0]["id"], file["id"], "the attachment of the message")
    seen = story.ben.http.get(address)
    expect(len(seen.content), file["size_bytes"], "bytes of the picture")
    expect(PLACE in seen.content, False, "whether it tells where it was taken")
    part = story.ben.http.get(address, headers={"Range": "bytes=0-7"})
    expect((part.status_code, part.content), (206, seen.content[:8]), "its first eight bytes")
    return f"{file['content_type']}, {file['size_bytes']} bytes, {sent['price']} credits"


def refuse_what_is_no_picture(story: Story) -> str:
    """A program and a script that are called photo.jpg are refused"""
    script = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    for content in (b"MZ\x90\0" + bytes(100), script):
        file = ("photo.jpg", content, "image/jpeg")
        answer = story.ava.http.post("attachments", files={"file": file})
        told = (answer.status_code, answer.json()["code"])
        expect(told, (415, "unsupported_media_type"), "the answer")
    return "unsupported_media_type"
