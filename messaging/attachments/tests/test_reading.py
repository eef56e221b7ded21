"""Who may read a file, and reading it whole, in parts and again."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from messaging.attachments.models import Attachment
from messaging.attachments.tasks import remove_unused_attachments
from messaging.attachments.tests import samples
from pairly.outbox.dispatch import dispatch_all
from tests.clients import Person, Refused

VIDEO = samples.mp4(b"vide") + bytes(range(256)) * 2000


@pytest.fixture(autouse=True)
def own_storage(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def people(live_server_url: str) -> Iterator[tuple[Person, Person, Person]]:
    three = [Person.register(live_server_url, name) for name in ("Ava", "Ben", "Cleo")]
    yield three[0], three[1], three[2]
    for person in three:
        person.close()


def upload(person: Person, content: bytes = VIDEO, name: str = "x") -> str:
    answer = person.http.post("attachments", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def read(person: Person, attachment_id: str, **headers: str) -> httpx.Response:
    return person.http.get(f"attachments/{attachment_id}", headers=headers)


def send(sender: Person, receiver: Person, attachment_id: str, kind: str = "video") -> Any:
    """The message, as sent."""
    conversation = sender.open_conversation(receiver)
    wish = {"client_id": uuid4().hex, "kind": kind, "attachment_ids": [attachment_id]}
    return sender.call("POST", f"conversations/{conversation}/messages", wish)


@pytest.mark.mongodb
def test_only_the_two_of_the_conversation_read_it(people: Any) -> None:
    ava, ben, cleo = people
    attachment_id = upload(ava)
    assert [read(one, attachment_id).status_code for one in people] == [200, 404, 404]
    message = send(ava, ben, attachment_id)
    (shown,) = message["attachments"]
    assert (shown["id"], shown["kind"], shown["size_bytes"]) == (attachment_id, "video", len(VIDEO))
    assert [read(one, attachment_id).status_code for one in people] == [200, 200, 404]
    absent = read(cleo, str(uuid4()))
    forbidden = read(cleo, attachment_id)
    assert {**absent.json(), "trace_id": ""} == {**forbidden.json(), "trace_id": ""}
    assert httpx.get(f"{ava.url}/api/v1/attachments/{attachment_id}").status_code == 401

    address = f"messages/{message['id']}"
    ben.call("DELETE", f"{address}?for=me")
    assert [read(one, attachment_id).status_code for one in people] == [200, 404, 404]
    ava.call("DELETE", f"{address}?for=both")
    assert [read(one, attachment_id).status_code for one in people] == [404] * 3
    remove_unused_attachments()
    assert not Attachment.objects.exists()


@pytest.mark.mongodb
def test_an_attachment_belongs_to_one_message_of_its_owner(people: Any) -> None:
    ava, ben, _cleo = people
    video = upload(ava)

    def refusal(sender: Person, kind: str, attachment_id: str) -> str:
        with pytest.raises(Refused) as refused:
            send(sender, ben if sender is ava else ava, attachment_id, kind)
        (error,) = refused.value.error["errors"]
        return f"{error['field']}: {error['code']}"

    assert refusal(ben, "video", video) == "attachment_ids: does_not_exist"
    assert refusal(ava, "video", str(uuid4())) == "attachment_ids: does_not_exist"
    assert refusal(ava, "image", video) == "attachment_ids: other_kind"
    send(ava, ben, video)
    assert refusal(ava, "video", video) == "attachment_ids: used"

    def try_to_send(attachment_id: str) -> str:
        try:
            return str(send(ava, ben, attachment_id)["id"])
        except Refused as refused:
            return refused.code

    for _attempt in range(3):
        wanted = upload(ava)
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(try_to_send, [wanted] * 4))
        assert answers.count("validation_error") == 3, answers
    assert ava.wallet()["balance"] == 20 - 4 * 3


def test_parts_of_a_file(people: Any) -> None:
    ava = people[0]
    attachment_id, size = upload(ava), len(VIDEO)

    def part(wanted: str, **headers: str) -> tuple[int, bytes, str | None]:
        answer = read(ava, attachment_id, Range=wanted, **headers)
        assert int(answer.headers["Content-Length"]) == len(answer.content)
        return answer.status_code, answer.content, answer.headers.get("Content-Range")

    whole = read(ava, attachment_id)
    assert (whole.status_code, whole.content) == (200, VIDEO)
    assert whole.headers["Accept-Ranges"] == "bytes"
    for wanted, start, stop in (
        ("bytes=0-0", 0, 1),
        ("bytes=100-299999", 100, 300_000),
        ("bytes=500000-", 500_000, size),
        ("bytes=-7", size - 7, size),
        (f"bytes=-{size * 3}", 0, size),
        (f"bytes=10-{size * 9}", 10, size),
    ):
        assert part(wanted) == (206, VIDEO[start:stop], f"bytes {start}-{stop - 1}/{size}"), wanted
    for wanted in (f"bytes={size}-", "bytes=-0", "bytes=999999999999-"):
        refused = read(ava, attachment_id, Range=wanted)
        assert (refused.status_code, refused.json()["code"]) == (416, "range_not_satisfiable")
        assert refused.headers["Content-Range"] == f"bytes */{size}"
    for wanted in ("bytes=5-2", "bytes=0-1,4-5", "bytes=-", "bytes=a-b", "lines=1-2", "9" * 5000):
        assert part(wanted) == (200, VIDEO, None), wanted

    etag = whole.headers["ETag"]
    assert part("bytes=0-9", **{"If-Range": etag})[0] == 206
    assert part("bytes=0-9", **{"If-Range": '"another"'}) == (200, VIDEO, None)
    unchanged = read(ava, attachment_id, **{"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    head = ava.http.head(f"attachments/{attachment_id}")
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(size))


def test_a_file_runs_nothing_and_is_kept_by_nobody_else(people: Any) -> None:
    ava = people[0]
    for content, disposition in (
        (VIDEO, "inline; filename="),
        (samples.TAKEN["a.txt"][0], 'attachment; filename="notes.txt"'),
    ):
        answer = read(ava, upload(ava, content, "notes.txt"), Accept="image/*")
        headers = answer.headers
        assert headers["Content-Disposition"].startswith(disposition)
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == (
            "default-src 'none'; frame-ancestors 'none'; sandbox"
        )
        assert headers["Cache-Control"] == "private, no-cache"
        assert "Authorization" in headers["Vary"]


def test_a_chunked_upload_is_measured_and_limited(people: Any, settings: Any) -> None:
    ava = people[0]
    request = ava.http.build_request("POST", "attachments", files={"file": ("x", VIDEO)})
    body, content_type = request.read(), request.headers["Content-Type"]

    def chunked(content: bytes) -> httpx.Response:
        parts = (content[at : at + 65_536] for at in range(0, len(content), 65_536))
        answer: httpx.Response = ava.http.post(
            "attachments", content=parts, headers={"Content-Type": content_type}
        )
        return answer

    assert chunked(body).json()["size_bytes"] == len(VIDEO)
    assert chunked(body + bytes(settings.UPLOAD_BODY_BYTES_MAX)).status_code == 413


@pytest.mark.mongodb
def test_who_leaves_takes_the_files_along(people: Any) -> None:
    ava, ben, _cleo = people
    sent, waiting = upload(ava), upload(ava, samples.TAKEN["a.pdf"][0], "cv.pdf")
    send(ava, ben, sent)
    exported = ava.call("GET", "me/export")["attachments"]
    assert {(one["id"], one["name"]) for one in exported} == {(sent, ""), (waiting, "cv.pdf")}
    ava.call("DELETE", "me", {"password": ava.password})
    dispatch_all()
    assert read(ben, sent).status_code == 404
    remove_unused_attachments()
    assert not Attachment.objects.exists()
