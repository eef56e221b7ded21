"""Uploads in a bucket that speaks S3, in place of the disk."""

import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from analytics.files import keep_fetched, scratch
from analytics.services.moving import move_all
from analytics.tests.story import SCREEN, Told, send
from messaging.attachments.models import Attachment
from messaging.attachments.tasks import remove_unused_attachments
from messaging.attachments.tests.samples import photograph, picture
from pairly.core import clock
from tests.clients import Person
from tests.s3_server import Bucket, bucket_server

CONTENT = b"%PDF-1.7\n" + bytes(range(256)) * 4000


@pytest.fixture
def bucket(settings: Any) -> Iterator[Bucket]:
    with bucket_server() as bucket:
        options = {
            "bucket_name": "uploads",
            "endpoint_url": bucket.url,
            "region_name": "eu-central-1",
            "access_key": "key",
            "secret_key": "of nobody",
            "default_acl": None,
            "file_overwrite": True,
        }
        backend = {"BACKEND": "pairly.core.bucket.BucketStorage", "OPTIONS": options}
        settings.STORAGES = {**settings.STORAGES, "default": backend}
        yield bucket


def test_files_are_stored_read_in_parts_and_removed(
    live_server_url: str, bucket: Bucket, settings: Any
) -> None:
    ava = Person.register(live_server_url)

    def upload(content: bytes) -> str:
        answer = ava.http.post("attachments", files={"file": ("cv.pdf", content)})
        assert answer.status_code == 201, answer.text
        return f"attachments/{answer.json()['id']}"

    document, image = upload(CONTENT), upload(photograph())
    assert sorted(map(len, bucket.objects.values()))[-1] == len(CONTENT)
    assert ava.http.get(document).content == CONTENT
    assert ava.http.get(image).headers["Content-Type"] == "image/jpeg"
    bucket.asked.clear()
    part = ava.http.get(document, headers={"Range": "bytes=1000-1999"})
    assert (part.status_code, part.content) == (206, CONTENT[1000:2000])
    assert [wanted for _method, _key, wanted in bucket.asked] == ["bytes=1000-1999"]

    me = ava.http.put("me/photo", files={"photo": ("me.png", picture())}).json()
    assert ava.http.get(live_server_url + me["photo_url"]).content.startswith(b"\xff\xd8\xff")

    bucket.objects.clear()
    assert ava.http.get(document).status_code == 404

    Attachment.objects.update(state=Attachment.State.REMOVED)
    remove_unused_attachments()
    assert not Attachment.objects.exists()
    deleted = {key for method, key, _range in bucket.asked if method == "DELETE"}
    assert len(deleted) == 2


def test_days_of_events_lie_in_the_bucket_and_are_fetched_once(bucket: Bucket) -> None:
    ava, now, told = uuid4(), clock.now(), Told()
    today = now.date()
    events = [(str(number), SCREEN, now) for number in range(5)]
    send(ava, *events, now=now)
    told.add(ava, *events)
    move_all(now)
    assert len([key for key in bucket.objects if f"/days/{today}/" in key]) == 3
    told.check(today, today)
    bucket.asked.clear()
    told.check(today, today)
    assert bucket.asked == []
    keep_fetched(set())
    told.check(today, today)
    assert bucket.asked != []
    # Where no job runs, the files that a day was switched away from go when they are old.
    fetched = set((scratch() / "fetched").rglob("*.parquet"))
    send(ava, ("late", SCREEN, now), now=now)
    told.add(ava, ("late", SCREEN, now))
    move_all(now)
    for path in fetched:
        os.utime(path, (0, 0))
    told.check(today, today)
    assert not any(path.exists() for path in fetched)
