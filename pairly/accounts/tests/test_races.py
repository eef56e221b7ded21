"""What happens to an account while somebody else is in the middle of changing it."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from PIL import Image

from pairly.accounts.models import Device, User
from pairly.accounts.services import photos
from pairly.accounts.tests.callers import PASSWORD, Caller, codes_of, login
from pairly.core.db import in_atomic_block
from pairly.outbox.dispatch import dispatch_all

pytestmark = pytest.mark.mongodb

NEW_PASSWORD = "another-harbour-43"


@pytest.fixture
def once_checked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Have something happen right after the next password was found to be right."""

    def arrange(happen: Callable[[], Any]) -> None:
        check = User.check_password

        def checked(user: User, password: str) -> bool:
            monkeypatch.setattr(User, "check_password", check)
            right = check(user, password)
            happen()
            return right

        monkeypatch.setattr(User, "check_password", checked)

    return arrange


def change_password(api: Caller, new: str = NEW_PASSWORD) -> Any:
    return api.post("auth/password/change", current_password=PASSWORD, new_password=new)


def upload_photo(api: Caller) -> Any:
    encoded = BytesIO()
    Image.new("RGB", (100, 100)).save(encoded, "PNG")
    photo = SimpleUploadedFile("me.png", encoded.getvalue(), "image/png")
    return api.upload("me/photo", photo=photo)


def test_a_sign_in_under_way_does_not_outlive_its_password(
    guest: Any, join: Any, once_checked: Any
) -> None:
    ava = join()
    once_checked(lambda: change_password(ava.api))
    late = login(guest, ava.email)
    assert (late.status_code, late.json()["code"]) == (401, "not_authenticated")
    assert Device.objects.filter(user_id=ava.id, ended_at=None).count() == 1
    assert login(guest, ava.email, NEW_PASSWORD).status_code == 200


def test_of_two_new_passwords_at_once_the_first_stays(
    guest: Any, join: Any, once_checked: Any
) -> None:
    ava = join()
    thief = Caller(login(guest, ava.email).json()["token"])
    once_checked(lambda: change_password(ava.api))
    late = change_password(thief, "thiefs-harbour-44")
    assert codes_of(late) == {("current_password", "wrong_password")}
    assert ava.api.get("me").status_code == 200
    assert thief.get("me").status_code == 401
    assert login(guest, ava.email, "thiefs-harbour-44").status_code == 401


def test_a_sign_in_under_way_does_not_outlive_the_account(
    guest: Any, join: Any, once_checked: Any
) -> None:
    ava = join()
    once_checked(lambda: ava.api.delete("me", password=PASSWORD))
    assert login(guest, ava.email).status_code == 401
    assert not Device.objects.filter(user_id=ava.id, ended_at=None).exists()


def test_of_many_guesses_at_once_the_right_one_does_not_slip_by(
    guest: Any, join: Any, once_checked: Any, settings: Any
) -> None:
    settings.SIGN_IN_FAILURES_MAX = 3
    ava = join()
    once_checked(lambda: [login(guest, ava.email, f"guess-{number}") for number in range(3)])
    assert login(guest, ava.email).status_code == 429
    assert Device.objects.filter(user_id=ava.id).count() == 1


def test_an_account_leaves_with_the_photo_of_its_last_moment(join: Any, once_checked: Any) -> None:
    ava = join()
    assert upload_photo(ava.api).status_code == 200
    once_checked(lambda: upload_photo(ava.api))
    assert ava.api.delete("me", password=PASSWORD).status_code == 204
    dispatch_all()
    assert default_storage.listdir(f"photos/{ava.id}")[1] == []


def test_who_has_but_the_old_password_deletes_nothing(
    guest: Any, join: Any, once_checked: Any
) -> None:
    ava = join()
    thief = Caller(login(guest, ava.email).json()["token"])
    once_checked(lambda: change_password(ava.api))
    late = thief.delete("me", password=PASSWORD)
    assert codes_of(late) == {("password", "wrong_password")}
    assert ava.api.get("me").json()["email"] == ava.email


def test_nothing_is_written_about_who_has_left(join: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices in the middle of a change while the account is deleted from another."""
    from pairly.accounts import services

    ava, ben = join("Ava"), join("Ben")
    before = User.objects.get(pk=ava.id)
    assert ava.api.patch("me", bio="Tea", listed=True).status_code == 200
    assert ava.api.patch("me", bio="Tea", listed=True).status_code == 200  # the same again
    assert ava.api.delete("me", password=PASSWORD).status_code == 204
    with pytest.raises(Exception, match="Sign in first"):
        services.update_profile(user=before, changes={"bio": "still here"})

    clean = photos._clean_jpeg

    def slowly(file: Any) -> bytes:
        assert ben.api.delete("me", password=PASSWORD).status_code == 204
        return clean(file)

    monkeypatch.setattr(photos, "_clean_jpeg", slowly)
    assert upload_photo(ben.api).status_code == 409
    for person in (ava, ben):
        row = User.objects.get(pk=person.id)
        assert (row.bio, row.photo, row.display_name) == ("", "", "Deleted user")


def test_every_write_waits_for_its_turn(guest: Any, join: Any) -> None:
    """A write outside of a block is not in the queue of writers, and starves beside a busy one."""
    outside: list[str] = []

    def watch(execute: Any, sql: Any, *arguments: Any) -> Any:
        if str(sql).startswith(("INSERT", "UPDATE", "DELETE")) and not in_atomic_block():
            outside.append(sql)
        return execute(sql, *arguments)

    ava, ben = join("Ava"), join("Ben")
    with connection.execute_wrapper(watch):
        assert login(guest, ava.email, "not-my-password").status_code == 401
        assert login(guest, ava.email).status_code == 200
        assert ava.api.post("auth/socket-ticket").status_code == 200
        assert ava.api.patch("me", bio="Tea").status_code == 200
        assert ava.api.put(f"blocks/{ben.id}").status_code == 204
        assert ava.api.delete(f"blocks/{ben.id}").status_code == 204
        report = {"target_type": "user", "target_id": ben.id, "reason": "spam"}
        assert ava.api.post("reports", **report).status_code == 201
        assert change_password(ava.api).status_code == 204
        assert ava.api.post("auth/logout-all").status_code == 204
    assert outside == []
