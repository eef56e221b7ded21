"""Uploads in a bucket of Amazon's S3, or of anything that speaks its protocol."""

from collections.abc import Iterator
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError
from storages.backends.s3 import S3Storage

from pairly.core.disk import PART_BYTES

__all__ = ["BucketStorage"]

CONFIG = Config(
    connect_timeout=5,
    read_timeout=20,
    retries={"total_max_attempts": 3, "mode": "standard"},
    # Of the checksums that Amazon's library adds by itself, other providers know nothing.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class BucketStorage(S3Storage):  # type: ignore[misc]
    """The sibling of ``DiskStorage``. Nothing in the bucket is public: the server reads it."""

    def get_default_settings(self) -> dict[str, Any]:
        return {**super().get_default_settings(), "client_config": CONFIG}

    def read(self, name: str, start: int, stop: int) -> Iterator[bytes]:
        """As ``DiskStorage.read``, by one request for that range: nothing else is fetched."""
        if stop <= start:
            return
        wanted: Any = self.bucket.Object(name)
        try:
            body = wanted.get(Range=f"bytes={start}-{stop - 1}")["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
                raise
            raise FileNotFoundError(name) from error
        try:
            yield from body.iter_chunks(PART_BYTES)
        finally:
            body.close()
