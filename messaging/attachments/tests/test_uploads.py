"""What may be uploaded, what becomes of it, and what is refused."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from rest_framework.test import APIClient

from messaging.attachments import services
from messaging.attachments.boxes import track_handlers
from messaging.attachments.models import Attachment
from messaging.attachments.tasks import remove_unused_attachments
from messaging.attachments.tests import samples
from pairly.accounts.tests.callers import Person


def send(person: Person, content: bytes, name: str = "photo.jpg", **fields: Any) -> Any:
    api = APIClient(HTTP_AUTHORIZATION=f"Bearer {person.token}")
    # The name and type are the client's claims, which count for nothing.
    file = SimpleUploadedFile("x", content, content_type="image/jpeg")
    file._name = name  # type: ignore[attr-defined]
    return api.post("/api/v1/attachments", {"file": file, **fields}, format="multipart")


def read(person: Person, attachment_id: str) -> bytes:
    answer: Any = person.api.get(f"attachments/{attachment_id}")
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def stored_files() -> list[str]:
    folders, found = default_storage.listdir("attachments")[0], []
    for folder in folders:
        found += default_storage.listdir(f"attachments/{folder}")[1]
    return found


@pytest.fixture(autouse=True)
def empty_storage(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "attachments").mkdir()


def test_what_is_taken(join: Any) -> None:
    ava = join()
    for name, (content, kind, content_type) in samples.TAKEN.items():
        answer = send(ava, content)
        assert answer.status_code == 201, (name, answer.json())
        made = answer.json()
        assert (made["kind"], made["content_type"]) == (kind, content_type), name
        kept = read(ava, made["id"])
        assert len(kept) == made["size_bytes"], name
        assert kind == "image" or kept == content, name
        assert send(ava, content, kind=kind).status_code == 201, name
        refused = send(ava, content, kind="video" if kind == "image" else "image")
        assert refused.status_code == 400, name
        assert refused.json()["errors"][0]["code"] == "other_kind", name


def test_what_is_refused_whatever_it_is_called(join: Any) -> None:
    ava = join()
    for what, content in samples.REFUSED_TYPES.items():
        for name in ("holiday.jpg", "talk.mp3"):
            answer = send(ava, content, name)
            told = (answer.status_code, answer.json()["code"])
            assert told == (415, "unsupported_media_type"), (what, answer.json())
    assert not Attachment.objects.exists() and stored_files() == []


@pytest.mark.mongodb
def test_nothing_of_where_a_picture_was_taken_is_left(join: Any) -> None:
    ava = join()
    photo = samples.photograph()
    assert photo.count(samples.SECRET) == 3
    made = send(ava, photo).json()
    kept = read(ava, made["id"])
    assert samples.SECRET not in kept and b"PK\x03\x04" not in kept
    image = Image.open(BytesIO(kept))
    assert not image.getexif() and image.size == (200, 400) == (made["width"], made["height"])
    (kept_name,) = stored_files()
    assert "photo" not in kept_name and made["name"] is None

    moving = read(ava, send(ava, samples.animation(7)).json()["id"])
    shown: Any = Image.open(BytesIO(moving))
    shown.seek(6)
    shown.load()
    assert (shown.n_frames, shown.info["duration"], shown.info["loop"]) == (7, 70, 0)
    assert samples.SECRET not in moving


def test_nothing_of_where_a_film_was_taken_is_left(join: Any) -> None:
    """And nothing else of it is another: boxes keep their places, players skip the empty ones."""
    ava = join()
    plain = samples.mp4(b"vide", b"qt  ")
    film = samples.mp4(b"vide", b"qt  ", told=samples.SECRET)
    assert film.count(samples.SECRET) == 4
    kept = read(ava, send(ava, film).json()["id"])
    assert samples.SECRET not in kept and b"udta" not in kept and kept.count(b"free") == 4
    assert len(kept) == len(film)
    assert kept.startswith(plain[:5024]) and list(track_handlers(BytesIO(kept))) == [b"vide"]
    # Upload handlers keep a large file on disk instead of in memory; it is emptied there.
    large = film + samples.box(b"mdat", bytes(3_000_000))
    assert samples.SECRET not in read(ava, send(ava, large).json()["id"])


def test_pictures_that_are_too_much(join: Any, settings: Any) -> None:
    ava = join()

    def refusal(content: bytes) -> tuple[int, str]:
        answer = send(ava, content)
        return answer.status_code, answer.json()["errors"][0]["code"]

    bomb = samples.bomb()
    assert len(bomb) < 5000
    assert refusal(bomb) == (400, "dimensions")
    assert refusal(samples.frames_without_end()) == (400, "dimensions")
    assert refusal(samples.scans_without_end()) == (400, "invalid_image")
    for side in (9000, 20_000):
        grown = samples.frames_without_end(1, side=side)
        assert refusal(grown) == (400, "dimensions")
    assert refusal(samples.picture(size=(10_001, 2))) == (400, "dimensions")
    assert refusal(samples.picture()[:-40]) == (400, "invalid_image")
    assert refusal(b"") == (400, "empty")
    large = send(ava, samples.picture(size=(4000, 1000))).json()
    assert (large["width"], large["height"]) == (2048, 512)
    settings.ATTACHMENT_IMAGE_PIXELS_MAX = 50_000
    assert refusal(samples.picture()) == (400, "dimensions")
    settings.ATTACHMENT_IMAGE_BYTES_MAX = 100
    answer = send(ava, samples.picture())
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    settings.ATTACHMENT_VIDEO_BYTES_MAX = 3000
    assert send(ava, samples.mp4(b"vide")).status_code == 413
    assert Attachment.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../../etc/passwd", "passwd.pdf"),
        ("C:\\Windows\\system32\\cmd.exe", "cmd.exe.pdf"),
        ("Rechnung März.PDF", "Rechnung März.pdf"),
        ("report\u202efdp.exe", "reportfdp.exe.pdf"),
        ("a\r\nSet-Cookie: x=1\x00.pdf", "aSet-Cookie: x=1.pdf"),
        ("...", "document.pdf"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
    ],
)
def test_a_name_is_a_name_and_no_path(given: str, kept: str) -> None:
    assert services._plain_name(given, ".pdf") == kept


def test_a_document_keeps_its_name(join: Any) -> None:
    ava = join()
    made = send(ava, samples.TAKEN["a.pdf"][0], "Brief für dich.pdf").json()
    assert made["name"] == "Brief für dich.pdf"
    answer = ava.api.get(f"attachments/{made['id']}")
    disposition = "attachment; filename*=utf-8''Brief%20f%C3%BCr%20dich.pdf"
    assert answer["Content-Disposition"] == disposition
    sound = send(ava, samples.TAKEN["a.mp3"][0], "At the clinic.mp3", duration_ms=1500).json()
    assert (sound["name"], sound["duration_ms"]) == (None, 1500)
    assert "clinic" not in ava.api.get(f"attachments/{sound['id']}")["Content-Disposition"]


def test_a_name_that_says_what_a_text_must_not(join: Any) -> None:
    """It is shown like words; what says nothing of that kind stays as it is."""
    ava, (content, *_rest) = join(), samples.TAKEN["a.pdf"]
    for given, kept in (
        ("I will kill you.pdf", "document.pdf"),
        ("i am 15, send nudes.pdf", "document.pdf"),
        ("Scan 2026-01-31 12.30.45.pdf", "Scan 2026-01-31 12.30.45.pdf"),
    ):
        assert send(ava, content, given).json()["name"] == kept


def test_forms_that_are_none(join: Any) -> None:
    ava = join()
    api: Any = APIClient(HTTP_AUTHORIZATION=f"Bearer {ava.token}")

    def post(body: bytes, content_type: str) -> Any:
        return api.generic("POST", "/api/v1/attachments", body, content_type=content_type)

    good = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n--b--\r\n'
    for body, content_type, status in (
        (b"{}", "application/json", 415),
        (good, "multipart/form-data", 400),
        (b"no form at all", "multipart/form-data; boundary=b", 400),
        (b"", "multipart/form-data; boundary=b", 400),
        (good.replace(b'"file"', b'"photo"'), "multipart/form-data; boundary=b", 400),
        (good.replace(b'; filename="a"', b""), "multipart/form-data; boundary=b", 400),
    ):
        answer = post(body, content_type)
        assert answer.status_code == status, (body, answer.json())
        assert answer["Content-Type"] == "application/problem+json"
    part = good.removesuffix(b"--b--\r\n")
    twice = post(part + good, "multipart/form-data; boundary=b")
    assert twice.json()["errors"][0]["code"] == "too_many"
    assert not Attachment.objects.exists()


@pytest.mark.mongodb
def test_a_day_has_an_end_also_for_who_asks_many_times_at_once(join: Any, settings: Any) -> None:
    settings.ATTACHMENTS_PER_DAY_MAX = 3
    ava = join()
    text = samples.TAKEN["a.txt"][0]
    with time_machine.travel("2026-03-01T12:00:00Z", tick=True) as clock:
        with ThreadPoolExecutor(6) as pool:
            statuses = list(pool.map(lambda _n: send(ava, text).status_code, range(6)))
        assert statuses.count(201) <= 3 and set(statuses) <= {201, 429}
        while Attachment.objects.count() < 3:
            assert send(ava, text).status_code == 201
        refused = send(ava, text)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert int(refused["Retry-After"]) > 0
        clock.shift(24 * 3600 + 1)
        settings.ATTACHMENT_BYTES_PER_DAY_MAX = len(text)
        assert [send(ava, text).status_code for _n in range(2)] == [201, 429]
    assert len(stored_files()) == Attachment.objects.count() == 4


def test_a_storage_that_fails_is_told_and_tried_again(
    join: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lets go of one file later, and of none at all while it is away."""
    ava = join()
    text = samples.TAKEN["a.txt"][0]
    first, second, kept = [send(ava, text).json()["id"] for _n in range(3)]
    Attachment.objects.exclude(pk=kept).update(state=Attachment.State.REMOVED)
    delete = default_storage.delete

    def fails(*_arguments: Any) -> Any:
        raise ConnectionError("the bucket does not answer")

    stuck = [first, second]

    def fails_for_some(name: str) -> None:
        fails() if any(UUID(one).hex in name for one in stuck) else delete(name)

    for name, failing in (("save", fails), ("read", fails), ("delete", fails_for_some)):
        monkeypatch.setattr(default_storage, name, failing)
    for answer in (send(ava, text), ava.api.get(f"attachments/{kept}")):
        told = (answer.status_code, answer.json()["code"], bool(answer.json()["trace_id"]))
        assert told == (503, "storage_unavailable", True)
    remove_unused_attachments()
    assert Attachment.objects.count() == 3 and len(stored_files()) == 3
    stuck.remove(second)
    remove_unused_attachments()
    assert {str(row.pk) for row in Attachment.objects.all()} == {first, kept}
    monkeypatch.undo()
    remove_unused_attachments()
    assert len(stored_files()) == 1 and read(ava, kept) == text


@pytest.mark.mongodb
def test_a_crash_leaves_neither_a_row_nor_a_file(
    join: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the file is there, and after it but before the row says so."""
    ava = join()
    text = samples.TAKEN["a.txt"][0]
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:

        def killed(*_arguments: Any, **_values: Any) -> Any:
            raise KeyboardInterrupt

        for place, name in ((default_storage, "save"), (services, "change_one")):
            monkeypatch.setattr(place, name, killed)
            with pytest.raises(KeyboardInterrupt):
                send(ava, text)
            monkeypatch.undo()
        assert Attachment.objects.count() == 2 and len(stored_files()) == 1
        waiting = send(ava, text).json()["id"]
        clock.shift(23 * 3600)
        remove_unused_attachments()
        assert Attachment.objects.count() == 3
        assert read(ava, waiting) == text

        clock.shift(3600 + 1)
        monkeypatch.setattr(services, "_forget", killed)
        with pytest.raises(KeyboardInterrupt):
            remove_unused_attachments()
        monkeypatch.undo()
        assert ava.api.get(f"attachments/{waiting}").status_code == 404
        remove_unused_attachments()
        assert Attachment.objects.count() == 0 and stored_files() == []
