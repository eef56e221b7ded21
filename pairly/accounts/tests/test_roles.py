"""Staff roles and the commands around them."""

import threading
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from rest_framework.test import APIRequestFactory

from pairly.accounts import roles, selectors
from pairly.accounts.errors import SecondFactorRequired
from pairly.accounts.models import Device, User
from pairly.accounts.permissions import StaffPermission
from pairly.accounts.services import give_role, suspend_user, sync_roles, take_role
from pairly.accounts.tests.callers import Caller, login
from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.core.errors import Conflict, NotFound

PASSWORD = "calm-lighthouse-77"


@pytest.mark.mongodb
def test_sync_roles_is_idempotent(capsys: Any) -> None:
    assert set(sync_roles()) == set(roles.ROLES)
    assert sync_roles() == []
    Group.objects.create(name="Choir")
    call_command("sync_roles")
    assert set(Group.objects.values_list("name", flat=True)) == {*roles.ROLES, "Choir"}


@pytest.mark.mongodb
@pytest.mark.parametrize("role", sorted(roles.ROLES))
def test_every_role_is_given_taken_and_permits_what_the_table_says(role: str, join: Any) -> None:
    sync_roles()
    ava, ben = join("Ava"), join("Ben")
    give_role(user_id=UUID(ben.id), role="superadmin", actor_id=None, reason="start")
    for _ in range(2):
        give_role(user_id=UUID(ava.id), role=role, actor_id=UUID(ben.id), reason="joins")
    user = User.objects.get(pk=ava.id)
    assert selectors.roles_of(user.pk) == [role] and user.is_staff and not user.is_superuser
    for code in roles.PERMISSIONS:
        permitted = code in roles.ROLES[role]
        assert user.has_perm(code) is permitted
        request: Any = APIRequestFactory().get("/")
        request.user, request.auth = user, Device(second_factor_at=clock.now())
        assert StaffPermission(code)().has_permission(request, None) is permitted
        request.auth = Device()
        with pytest.raises(SecondFactorRequired):
            StaffPermission(code).has_permission(request, None)

    take_role(user_id=UUID(ava.id), role=role, actor_id=UUID(ben.id), reason="leaves")
    user = User.objects.get(pk=ava.id)
    assert not user.is_staff
    assert not any(user.has_perm(code) for code in roles.PERMISSIONS)
    with pytest.raises(NotFound):
        take_role(user_id=UUID(ava.id), role=role, actor_id=None, reason="again")
    entries = AuditEntry.objects.filter(target_id=ava.id).order_by("id")
    assert [(e.before, e.after) for e in entries] == [
        ('{"roles":[]}', f'{{"roles":["{role}"]}}'),
        (f'{{"roles":["{role}"]}}', '{"roles":[]}'),
    ]


def test_a_permission_that_does_not_exist_is_a_defect() -> None:
    with pytest.raises(ValueError, match="no permission"):
        StaffPermission("users.veiw")


@pytest.mark.mongodb
def test_of_two_superadmins_leaving_at_once_one_stays(join: Any) -> None:
    sync_roles()
    ids = [UUID(join(name).id) for name in ("Ava", "Ben")]
    for user_id in ids:
        give_role(user_id=user_id, role="superadmin", actor_id=None, reason="start")
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def run(user_id: UUID) -> None:
        barrier.wait()
        try:
            take_role(user_id=user_id, role="superadmin", actor_id=None, reason="leaves")
            outcomes.append("left")
        except Conflict:
            outcomes.append("stays")

    threads = [threading.Thread(target=run, args=(user_id,)) for user_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["left", "stays"]
    assert sum("superadmin" in selectors.roles_of(user_id) for user_id in ids) == 1


@pytest.mark.mongodb
def test_create_staff_makes_the_first_one(guest: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIRLY_STAFF_PASSWORD", PASSWORD)
    call_command("create_staff", "Root@Example.org", "--role", "superadmin")
    user = User.objects.get(email="root@example.org")
    assert user.is_staff and selectors.roles_of(user.pk) == ["superadmin"]
    assert AuditEntry.objects.get().actor_id is None
    assert login(guest, "root@example.org", PASSWORD).status_code == 200


def test_create_staff_promotes_a_member_and_keeps_the_password(guest: Any, join: Any) -> None:
    ava = join()
    call_command("create_staff", ava.email, "--role", "support")
    assert selectors.roles_of(UUID(ava.id)) == ["support"]
    assert login(guest, ava.email).status_code == 200


@pytest.mark.mongodb
def test_who_took_an_address_that_is_not_theirs_gets_no_role_by_it(
    join: Any, settings: Any
) -> None:
    """Mallory registers with the address of the boss, who is about to become staff."""
    settings.ROLE_NEEDS_VERIFIED_EMAIL = True  # as in production
    sync_roles()
    mallory = join("Mallory", email="boss@example.org")
    with pytest.raises(CommandError, match="yet to verify"):
        call_command("create_staff", "boss@example.org", "--role", "superadmin")
    with pytest.raises(Conflict):
        give_role(user_id=UUID(mallory.id), role="support", actor_id=None, reason="joins")
    user = User.objects.get(pk=mallory.id)
    assert (user.is_staff, selectors.roles_of(user.pk)) == (False, [])
    assert not AuditEntry.objects.exists()
    User.objects.filter(pk=user.pk).update(email_verified_at=clock.now())
    call_command("create_staff", "boss@example.org", "--role", "superadmin")
    assert selectors.roles_of(user.pk) == ["superadmin"]


@pytest.mark.mongodb
def test_the_last_superadmin_who_can_act_stays(join: Any) -> None:
    """Ben would be the other one, but is refused everywhere."""
    sync_roles()
    ava, ben = (UUID(join(name).id) for name in ("Ava", "Ben"))
    give_role(user_id=ava, role="superadmin", actor_id=None, reason="start")
    suspend_user(actor_id=ava, user_id=ben, reason="rude")
    with pytest.raises(Conflict, match="suspended"):
        give_role(user_id=ben, role="superadmin", actor_id=ava, reason="joins")
    with pytest.raises(Conflict):
        take_role(user_id=ava, role="superadmin", actor_id=ava, reason="leaves")
    assert selectors.roles_of(ava) == ["superadmin"]


def test_what_create_staff_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIRLY_STAFF_PASSWORD", "short")
    with pytest.raises(CommandError, match="too short"):
        call_command("create_staff", "root@example.org", "--role", "admin")
    with pytest.raises(CommandError, match="valid email"):
        call_command("create_staff", "root", "--role", "admin")
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("create_staff", "root@example.org", "--role", "owner")
    assert not User.objects.exists()


def test_members_see_nothing_that_only_staff_do(join: Any) -> None:
    user = User.objects.get(pk=join().id)
    assert not any(user.has_perm(code) for code in roles.PERMISSIONS)
    request: Any = APIRequestFactory().get("/")
    request.user, request.auth = user, Device(second_factor_at=clock.now())
    with pytest.raises(NotFound):
        StaffPermission("users.view").has_permission(request, None)
    assert Caller().get("me").status_code == 401
