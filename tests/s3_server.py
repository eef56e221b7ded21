"""A bucket for tests: as much of S3's protocol as storing and reading files takes.

It keeps objects in memory and checks no signature, but demands that there is one.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Bucket", "bucket_server"]

RANGE = re.compile(r"bytes=(\d+)-(\d+)")
NO_SUCH_KEY = b"<Error><Code>NoSuchKey</Code><Message>There is none.</Message></Error>"


@dataclass
class Bucket:
    """``asked`` lists method, key and range of each request; ``broken`` answers 503 to all."""

    url: str
    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    broken: bool = False


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bucket: Bucket

    def log_message(self, *_arguments: Any) -> None:
        """Quiet."""

    @property
    def key(self) -> str:
        return self.path.partition("?")[0].removeprefix("/uploads/")

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(self) -> bytes | None:
        """The body of the request, once it is noted; None when it has been answered already."""
        wanted = self.headers.get("Range", "")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.bucket.asked.append((self.command, self.key, wanted))
        if "Signature=" not in self.headers.get("Authorization", ""):
            self._answer(403)
        elif self.bucket.broken:
            self._answer(503)
        else:
            return body
        return None

    def do_PUT(self) -> None:
        body = self._begin()
        if body is not None:
            self.bucket.objects[self.key] = body
            self._answer(200, ETag='"x"')

    def do_GET(self) -> None:
        if self._begin() is None:
            return
        content = self.bucket.objects.get(self.key)
        if content is None:
            self._answer(404, NO_SUCH_KEY)
        elif found := RANGE.fullmatch(self.headers.get("Range", "")):
            start, last = int(found[1]), int(found[2])
            part = content[start : last + 1]
            self._answer(206, part, Content_Range=f"bytes {start}-{last}/{len(content)}")
        else:
            self._answer(200, content)

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        if self._begin() is not None:
            self.bucket.objects.pop(self.key, None)
            self._answer(204)


@contextmanager
def bucket_server() -> Iterator[Bucket]:
    """The bucket ``uploads`` on a port of its own."""
    handler = type("BucketHandler", (Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    bucket = handler.bucket = Bucket(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
