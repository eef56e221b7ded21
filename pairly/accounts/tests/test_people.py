"""Profiles, photos, the directory, and one's own data."""

import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageOps

from pairly.accounts.models import User
from pairly.accounts.services import create_staff
from pairly.accounts.tests.callers import codes_of, login


def image(size: tuple[int, int] = (400, 300), format: str = "PNG", mode: str = "RGB") -> Any:
    made = Image.new(mode, size, "red")
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    buffer = BytesIO()
    made.save(buffer, format, exif=exif)
    return SimpleUploadedFile("me.png", buffer.getvalue(), content_type="image/png")


@pytest.mark.mongodb
def test_a_profile_is_read_and_changed(join: Any) -> None:
    ava = join(country="in", time_zone="Asia/Kolkata")
    me = ava.api.get("me").json()
    assert (me["country"], me["time_zone"], me["listed"]) == ("IN", "Asia/Kolkata", True)

    changes = {"bio": "Hills.", "country": "de", "listed": False, "show_last_seen": False}
    changed = ava.api.patch("me", **changes)
    assert changed.status_code == 200
    assert changed.json() == {**me, **changes, "country": "DE"}
    assert ava.api.get("me").json() == changed.json()
    assert ava.api.patch("me").json() == changed.json()


def test_names_are_for_reading(join: Any) -> None:
    ava = join()
    for name in ("Zoë O’Neil", "क्‍षमा", "李", "Ava \U0001f469\u200d\U0001f680"):
        assert ava.api.patch("me", display_name=name).json()["display_name"] == name
    for name in ("Ava\nBen", "Ava\u202e", "\u200d", "\u3164\u2066", "a\u0000b"):
        assert ava.api.patch("me", display_name=name).status_code == 400, ascii(name)


def test_what_a_profile_refuses(join: Any) -> None:
    ava = join()
    refused = {
        "birth_date": ("1990-01-01", "unknown_field"),
        "email": ("b@example.org", "unknown_field"),
        "is_staff": (True, "unknown_field"),
        "suspended_at": (None, "unknown_field"),
        "display_name": ("  ", "blank"),
        "bio": ("x" * 1001, "max_length"),
        "country": ("ZZ", "invalid"),
        "time_zone": ("../etc/passwd", "invalid"),
        "listed": ("perhaps", "invalid"),
    }
    before = ava.api.get("me").json()
    for name, (value, code) in refused.items():
        response = ava.api.patch("me", **{name: value})
        assert response.status_code == 400 and codes_of(response) == {(name, code)}, name
    assert ava.api.get("me").json() == before


@pytest.mark.mongodb
def test_a_photo_is_cleaned_shown_and_replaced(join: Any) -> None:
    ava, ben = join("Ava"), join("Ben")
    first = ava.api.upload("me/photo", photo=image((2000, 1000)))
    assert first.status_code == 200
    url = first.json()["photo_url"]
    shown = ben.api.get(url)
    content = shown.content
    stored = Image.open(BytesIO(content))
    assert (stored.format, stored.size) == ("JPEG", (1080, 540))
    assert b"taken at home" not in content and not stored.getexif()

    second = ava.api.upload("me/photo", photo=image(mode="RGBA", format="WEBP"))
    assert second.json()["photo_url"] != url
    assert len(default_storage.listdir(f"photos/{ava.id}")[1]) == 1
    assert ben.api.get(f"users/{ava.id}").json()["photo_url"] == second.json()["photo_url"]
    ava.api.put(f"blocks/{ben.id}")
    assert ben.api.get(url).status_code == 404


def test_a_photo_that_goes_while_it_is_looked_at(
    join: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ava, ben = join("Ava"), join("Ben")
    url = ava.api.upload("me/photo", photo=image()).json()["photo_url"]

    default_storage.delete(User.objects.get(pk=ava.id).photo)
    monkeypatch.setattr(default_storage, "exists", lambda name: True)  # a moment before
    assert ben.api.get(url).status_code == 404


def test_photos_are_decoded_one_at_a_time(join: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is taken may need half a gigabyte of memory, and is turned when it is small."""
    inside: list[int] = []
    seen: list[tuple[int, tuple[int, int]]] = []
    shrink, turn = Image.Image.thumbnail, ImageOps.exif_transpose

    def watched_shrink(self: Image.Image, *size: Any, **options: Any) -> None:
        inside.append(1)
        seen.append((len(inside), self.size))
        threading.Event().wait(0.05)
        shrink(self, *size, **options)
        inside.pop()

    def watched_turn(image: Image.Image) -> Any:
        assert max(image.size) <= 1080
        return turn(image)

    def upload(person: Any) -> int:
        photo = image((3000, 2000))
        return int(person.api.upload("me/photo", photo=photo).status_code)

    monkeypatch.setattr(Image.Image, "thumbnail", watched_shrink)
    monkeypatch.setattr(ImageOps, "exif_transpose", watched_turn)
    people = [join(name) for name in ("Ava", "Ben", "Cleo")]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(upload, people)) == [200] * 3
    assert seen == [(1, (3000, 2000))] * 3


def test_photos_that_are_refused(join: Any, settings: Any) -> None:
    ava = join()
    script = SimpleUploadedFile("me.png", b"<svg onload=alert(1)>", content_type="image/png")
    assert ava.api.upload("me/photo", photo=script).status_code == 415
    gif = image(format="GIF")
    assert ava.api.upload("me/photo", photo=gif).status_code == 415
    small = ava.api.upload("me/photo", photo=image((10, 300)))
    assert small.status_code == 400 and codes_of(small) == {("photo", "dimensions")}
    whole = image().read()
    cut = SimpleUploadedFile("me.png", whole[: len(whole) // 2], content_type="image/png")
    broken = ava.api.upload("me/photo", photo=cut)
    assert broken.status_code == 400 and codes_of(broken) == {("photo", "invalid_image")}
    assert codes_of(ava.api.upload("me/photo")) == {("photo", "required")}
    assert ava.api.put("me/photo", photo="text").status_code == 415
    settings.PHOTO_BYTES_MAX = 100
    assert ava.api.upload("me/photo", photo=image()).status_code == 413
    assert ava.api.get("me").json()["photo_url"] is None


def names(response: Any) -> list[str]:
    assert response.status_code == 200, response.json()
    return [person["display_name"] for person in response.json()["results"]]


@pytest.mark.mongodb
def test_who_is_in_the_directory(join: Any) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        people = {}
        for name, birth_date, country in (
            ("Ava", "1996-03-01", "IN"),
            ("Ben", "1996-03-02", "IN"),
            ("Cleo", "1985-01-01", "DE"),
            ("Dan", "2000-01-01", "DE"),
            ("Eve", "2000-01-01", "IN"),
        ):
            clock.shift(60)
            people[name] = join(name, birth_date=birth_date, country=country)
        create_staff(email="staff@example.org", password="calm-lighthouse-77", role="support")
        ava = people["Ava"].api

        assert names(ava.get("users")) == ["Eve", "Dan", "Cleo", "Ben"]
        assert names(ava.get("users", country="de")) == ["Dan", "Cleo"]
        assert names(ava.get("users", min_age=29)) == ["Cleo", "Ben"]
        assert names(ava.get("users", max_age=29)) == ["Eve", "Dan", "Ben"]
        assert names(ava.get("users", min_age=30)) == ["Cleo"]
        assert names(people["Ben"].api.get("users", min_age=30, max_age=30)) == ["Ava"]
        entry = ava.get("users", country="DE").json()["results"][0]
        assert set(entry) == {"id", "display_name", "age", "bio", "country", "photo_url"}
        assert entry["age"] == 26

        people["Dan"].api.patch("me", listed=False)
        people["Eve"].api.put(f"blocks/{people['Ava'].id}")
        ava.put(f"blocks/{people['Ben'].id}")
        assert names(ava.get("users")) == ["Cleo"]
        assert names(people["Eve"].api.get("users")) == ["Cleo", "Ben"]


@pytest.mark.mongodb
def test_the_directory_does_not_tell_what_the_invisible_do(guest: Any, join: Any) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        ava, ben, cleo = join("Ava"), join("Ben"), join("Cleo")
        assert ava.api.put("presence", mode="invisible").status_code == 200
        for person in (ben, ava):
            clock.shift(3600)
            assert person.api.get("me").status_code == 200
        assert login(guest, ava.email).status_code == 200
        assert names(cleo.api.get("users")) == ["Ben", "Ava"]
        assert ava.api.put("presence", mode="auto").status_code == 200
        clock.shift(3600)
        assert ava.api.get("me").status_code == 200
        assert names(cleo.api.get("users")) == ["Ava", "Ben"]


@pytest.mark.mongodb
def test_pages_of_the_directory_bring_everybody_once(join: Any) -> None:
    ava = join("Ava")
    others = {join(f"Person{number}").id for number in range(7)}
    seen: list[str] = []
    page = ava.api.get("users", limit=3)
    while True:
        answer = page.json()
        assert set(answer) == {"results", "next"}
        seen += [person["id"] for person in answer["results"]]
        if answer["next"] is None:
            break
        page = ava.api.get(answer["next"])
    assert len(seen) == 7 and set(seen) == others


def test_bad_queries_of_the_directory(join: Any) -> None:
    ava = join()
    for query, field in (
        ({"min_age": "17"}, "min_age"),
        ({"max_age": "x"}, "max_age"),
        ({"country": "ZZ"}, "country"),
        ({"limit": "0"}, "limit"),
        ({"cursor": "made-up"}, "cursor"),
        ({"order": "newest"}, "order"),
    ):
        response = ava.api.get("users", **query)
        assert response.status_code == 400
        assert {name for name, _code in codes_of(response)} == {field}


@pytest.mark.mongodb
def test_one_person_is_seen_by_id_unless_it_may_not_be(join: Any) -> None:
    ava, ben = join("Ava"), join("Ben")
    ben.api.patch("me", listed=False)
    assert ava.api.get(f"users/{ben.id}").json()["display_name"] == "Ben"
    ben.api.put(f"blocks/{ava.id}")
    hidden = ava.api.get(f"users/{ben.id}")
    unknown = ava.api.get(f"users/{uuid4()}")
    assert hidden.status_code == unknown.status_code == 404
    assert {**hidden.json(), "trace_id": ""} == {**unknown.json(), "trace_id": ""}
    assert ben.api.get(f"users/{ava.id}").status_code == 404
    assert ava.api.get("users/not-an-id").status_code == 404


@pytest.mark.mongodb
def test_own_data_is_exported(join: Any, rate_limits: None) -> None:
    ava, ben = join("Ava"), join("Ben")
    ava.api.put(f"blocks/{ben.id}")
    body = {"target_type": "user", "target_id": ben.id, "reason": "spam", "details": "ads"}
    ava.api.post("reports", **body)
    data = ava.api.get("me/export").json()
    assert data["account"]["email"] == ava.email
    assert data["blocks"][0]["blocked_id"] == ben.id
    assert data["reports"][0]["details"] == "ads"
    assert len(data["devices"]) == 1
    assert ava.token not in str(data) and "password" not in str(data)
    again = [ava.api.get("me/export") for _ in range(settings.RATE_EXPORT_PER_MINUTE)]
    assert [one.status_code for one in again].index(429) == len(again) - 1
    assert ben.api.get("me/export").status_code == 200
