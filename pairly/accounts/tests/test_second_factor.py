"""The second factor over REST: proved once per code, throttled, and never readable at rest."""

import base64
import threading
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
import time_machine
from cryptography.exceptions import InvalidTag
from django.core.management import CommandError, call_command

from pairly.accounts.models import Device, RecoveryCode, TotpDevice, User
from pairly.accounts.second_factor import codes
from pairly.accounts.second_factor.services import reset, verify_code
from pairly.accounts.tests.callers import PASSWORD, Caller, codes_of, login
from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.core.errors import PermissionDenied, ValidationFailed

START = "2026-03-01T12:00:00Z"


class Authenticator:
    """What a phone does with the secret that it was given."""

    def __init__(self, enrolment: dict[str, str]) -> None:
        self.secret = base64.b32decode(enrolment["secret"])

    def code(self, later: int = 0) -> str:
        return codes.code_of_step(self.secret, codes.step_at(clock.now()) + later)


def enrol(person: Any) -> tuple[Authenticator, list[str]]:
    answer = person.api.post("auth/second-factor/enrol").json()
    phone = Authenticator(answer)
    confirmed = person.api.post("auth/second-factor/confirm", code=phone.code())
    assert confirmed.status_code == 200, confirmed.json()
    return phone, confirmed.json()["recovery_codes"]


def prove(api: Caller, code: str) -> Any:
    return api.post("auth/second-factor", code=code)


def test_codes_are_those_of_rfc_6238() -> None:
    secret = b"12345678901234567890"
    vectors = {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}
    for seconds, code in vectors.items():
        assert codes.code_of_step(secret, seconds // codes.STEP_SECONDS) == code


@pytest.mark.mongodb
def test_enrolling_asks_every_later_sign_in_and_every_other_one(
    guest: Any, join: Any, closed_sockets: list[Any]
) -> None:
    with time_machine.travel(START, tick=False) as now:
        ava = join()
        elsewhere = Caller(login(guest, ava.email).json()["token"])
        answer = ava.api.post("auth/second-factor/enrol").json()
        query = parse_qs(urlsplit(answer["uri"]).query)
        assert query["secret"] == [answer["secret"]] and query["issuer"] == ["Pairly"]
        phone = Authenticator(answer)
        wrong = ava.api.post("auth/second-factor/confirm", code="000000")
        assert codes_of(wrong) == {("code", "wrong_code")}
        assert elsewhere.get("me").status_code == 200

        confirmed = ava.api.post("auth/second-factor/confirm", code=phone.code())
        assert len(set(confirmed.json()["recovery_codes"])) == 10
        assert ava.api.get("me").status_code == 200
        assert [(code, device is not None) for _user, code, device in closed_sockets] == [
            (4403, True)
        ]

        now.shift(30)
        signed_in = login(guest, ava.email).json()
        assert signed_in["second_factor_required"] is True
        for api in (elsewhere, Caller(signed_in["token"])):
            refused = api.get("me")
            assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_required")
            assert api.post("auth/socket-ticket").status_code == 403
            assert api.delete("auth/second-factor", password=PASSWORD, code="1").status_code == 403
        assert prove(elsewhere, phone.code()).status_code == 204
        assert elsewhere.get("me").status_code == 200
        assert Caller(signed_in["token"]).post("auth/logout").status_code == 204


@pytest.mark.mongodb
def test_a_code_works_once_however_it_comes(guest: Any, join: Any) -> None:
    with time_machine.travel(START, tick=False) as now:
        ava = join()
        phone, _codes = enrol(ava)
        used = prove(ava.api, phone.code())
        assert codes_of(used) == {("code", "used_code")}
        assert prove(ava.api, phone.code(1)).status_code == 204  # her clock runs ahead
        assert codes_of(prove(ava.api, phone.code(2))) == {("code", "wrong_code")}
        now.shift(90)
        assert prove(ava.api, f" {phone.code(-1)} ").status_code == 204
        assert prove(ava.api, phone.code()).status_code == 204
        assert codes_of(prove(ava.api, phone.code(-1))) == {("code", "used_code")}


def in_six_threads(act: Any) -> list[bool]:
    outcomes: list[bool] = []
    barrier = threading.Barrier(6)

    def run() -> None:
        barrier.wait()
        try:
            act()
            outcomes.append(True)
        except ValidationFailed:
            outcomes.append(False)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.mongodb
def test_of_six_threads_with_one_code_one_gets_in(join: Any) -> None:
    with time_machine.travel(START, tick=False) as now:
        ava = join()
        phone, recovery_codes = enrol(ava)
        user = User.objects.get(pk=ava.id)
        sign_in = Device.objects.get(user=user)

        def tried_by_six(code: str) -> list[bool]:
            return in_six_threads(lambda: verify_code(user=user, sign_in=sign_in, code=code))

        for recovery_code in recovery_codes[:3]:
            now.shift(30)
            assert sorted(tried_by_six(phone.code())) == [False] * 5 + [True]
            assert sorted(tried_by_six(recovery_code)) == [False] * 5 + [True]
            TotpDevice.objects.update(failures=0, locked_until=None)


@pytest.mark.mongodb
def test_a_recovery_code_works_once_and_ten_new_ones_void_the_rest(guest: Any, join: Any) -> None:
    ava = join()
    _phone, recovery_codes = enrol(ava)
    again = Caller(login(guest, ava.email).json()["token"])
    assert prove(again, recovery_codes[0].lower().replace("-", " ")).status_code == 204
    assert again.get("me").status_code == 200
    assert codes_of(prove(again, recovery_codes[0])) == {("code", "wrong_code")}

    new = again.post("auth/second-factor/recovery-codes").json()["recovery_codes"]
    assert len(new) == 10 and not set(new) & set(recovery_codes)
    assert codes_of(prove(again, recovery_codes[1])) == {("code", "wrong_code")}
    assert prove(again, new[0]).status_code == 204


@pytest.mark.mongodb
def test_guessing_locks_the_account_longer_and_longer(guest: Any, join: Any) -> None:
    with time_machine.travel(START, tick=False) as now:
        ava = join()
        phone, recovery_codes = enrol(ava)
        now.shift(60)
        for minutes in (15, 30, 60):
            for _ in range(5):
                assert prove(ava.api, "000000").status_code == 400
            locked = prove(ava.api, phone.code())
            assert (locked.status_code, locked.json()["code"]) == (429, "rate_limited")
            assert int(locked["Retry-After"]) == minutes * 60 + 1
            assert prove(ava.api, recovery_codes[0]).status_code == 429
            now.shift(minutes * 60)
        assert prove(ava.api, phone.code()).status_code == 204
        for _ in range(4):
            assert prove(ava.api, "MADE-UPCO-DEXX-XXXX").status_code == 400
        now.shift(30)
        assert prove(ava.api, phone.code()).status_code == 204


@pytest.mark.mongodb
def test_guesses_at_once_are_all_counted(join: Any) -> None:
    ava = join()
    enrol(ava)
    user = User.objects.get(pk=ava.id)
    sign_in = Device.objects.get(user=user)
    TotpDevice.objects.update(failures=100)
    in_six_threads_safely(lambda: verify_code(user=user, sign_in=sign_in, code="wrong"))
    device = TotpDevice.objects.get()
    assert device.failures == 105 and device.locked_until is not None


def in_six_threads_safely(act: Any) -> None:
    """The sixth meets the lock, which is no failure of the thread."""
    from pairly.core.errors import RateLimited

    def run() -> None:
        try:
            act()
        except RateLimited as error:
            raise ValidationFailed from error

    in_six_threads(run)


def test_replacing_needs_a_code_of_the_present_one(join: Any) -> None:
    with time_machine.travel(START, tick=False) as now:
        ava = join()
        old, _codes = enrol(ava)
        now.shift(601)
        refused = ava.api.post("auth/second-factor/enrol")
        assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_required")
        assert ava.api.post("auth/second-factor/recovery-codes").status_code == 403
        assert prove(ava.api, old.code()).status_code == 204
        new, _codes = enrol(ava)
        now.shift(30)
        assert codes_of(prove(ava.api, old.code())) == {("code", "wrong_code")}
        assert prove(ava.api, new.code()).status_code == 204


@pytest.mark.mongodb
def test_doing_without_it_takes_password_and_code(guest: Any, join: Any) -> None:
    with time_machine.travel(START, tick=False) as now:
        ava = join()
        missing = prove(ava.api, "123456")
        assert (missing.status_code, missing.json()["code"]) == (409, "conflict")
        phone, _codes = enrol(ava)
        now.shift(30)
        url = "auth/second-factor"
        guessed = ava.api.delete(url, password="guessed-password", code=phone.code())
        assert codes_of(guessed) == {("password", "wrong_password")}
        assert codes_of(ava.api.delete(url, password=PASSWORD, code="000000")) == {
            ("code", "wrong_code")
        }
        assert ava.api.delete(url, password=PASSWORD, code=phone.code()).status_code == 204
        assert not TotpDevice.objects.exists() and not RecoveryCode.objects.exists()
        assert "second_factor_required" not in login(guest, ava.email).json()
        assert ava.api.get("me").status_code == 200


@pytest.mark.mongodb
def test_the_database_does_not_hold_the_secrets(join: Any) -> None:
    ava, ben = join("Ava"), join("Ben")
    phone, recovery_codes = enrol(ava)
    enrol(ben)
    stored = TotpDevice.objects.get(user_id=UUID(ava.id))
    raw = base64.b64decode(stored.secret)
    assert phone.secret not in raw and codes.secret_text(phone.secret) not in stored.secret
    plain = {codes.normal_recovery_code(code) for code in recovery_codes} | set(recovery_codes)
    assert not plain & set(RecoveryCode.objects.values_list("code_hash", flat=True))

    TotpDevice.objects.filter(user_id=UUID(ben.id)).update(secret=stored.secret)
    with pytest.raises(InvalidTag):  # the secret of another account opens nothing
        prove(ben.api, phone.code())


def test_a_new_secret_key_still_opens_what_the_old_one_sealed(join: Any, settings: Any) -> None:
    ava = join()
    phone, _codes = enrol(ava)
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-key-" * 6, [old]
    assert prove(ava.api, phone.code(1)).status_code == 204


@pytest.mark.mongodb
def test_staff_reset_it_for_members_and_who_gives_roles_for_staff(guest: Any, join: Any) -> None:
    from pairly.accounts.services import create_staff, give_role

    ava, mod = join("Ava"), join("Mod")
    root = create_staff(email="root@example.org", password=PASSWORD, role="superadmin")
    give_role(user_id=UUID(mod.id), role="moderator", actor_id=root.pk, reason="joins")
    enrol(ava)
    enrol(mod)
    assert mod.api.delete("auth/second-factor", password=PASSWORD, code="1").status_code == 403

    with pytest.raises(ValidationFailed):
        reset(actor_id=UUID(mod.id), user_id=UUID(ava.id), reason=" ")
    reset(actor_id=UUID(mod.id), user_id=UUID(ava.id), reason="lost the phone")
    assert ava.api.get("me").status_code == 401
    assert "second_factor_required" not in login(guest, ava.email).json()
    with pytest.raises(PermissionDenied):
        reset(actor_id=UUID(mod.id), user_id=UUID(mod.id), reason="lost mine too")
    reset(actor_id=root.pk, user_id=UUID(mod.id), reason="verified on the telephone")
    call_command("staff_code", root.email, stdout=StringIO())
    call_command("reset_second_factor", root.email, "--reason", "lost", stdout=StringIO())
    with pytest.raises(CommandError, match="no second factor"):
        call_command("reset_second_factor", root.email, "--reason", "lost")
    actions = AuditEntry.objects.filter(action__startswith="user.second_factor").order_by("id")
    assert [(entry.action, entry.target_id, entry.reason) for entry in actions] == [
        ("user.second_factor_enrolled", mod.id, ""),
        ("user.second_factor_reset", ava.id, "lost the phone"),
        ("user.second_factor_reset", mod.id, "verified on the telephone"),
        ("user.second_factor_reset", str(root.pk), "lost"),
    ]


def staff_code(email: str) -> str:
    out = StringIO()
    call_command("staff_code", email, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def test_staff_code_lets_demo_staff_in_at_once_and_again(guest: Any, monkeypatch: Any) -> None:
    from pairly.accounts.services import create_staff

    with time_machine.travel(START, tick=False) as now:
        monkeypatch.setattr("time.sleep", now.shift)
        create_staff(email="root@example.org", password=PASSWORD, role="superadmin")
        for _ in range(4):
            code = staff_code("root@example.org")
            api = Caller(login(guest, "root@example.org").json()["token"])
            assert prove(api, code).status_code == 204
            assert api.get("me").status_code == 200
    with pytest.raises(CommandError, match="no member of staff"):
        call_command("staff_code", "nobody@example.org")


def test_staff_code_is_not_for_production(settings: Any) -> None:
    settings.MOCK_MODE = False
    with pytest.raises(CommandError, match="mock mode"):
        call_command("staff_code", "root@example.org")


@pytest.mark.mongodb
def test_deleting_the_account_deletes_it_too(join: Any) -> None:
    ava = join()
    enrol(ava)
    assert ava.api.delete("me", password=PASSWORD).status_code == 204
    assert not TotpDevice.objects.exists() and not RecoveryCode.objects.exists()
