"""Everything that people are told of, from what happens to what they read."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine

from notifications.tests.senders import TRANSIENT, Recorder, after, pass_time
from pairly.accounts.tests.callers import PASSWORD, Caller, Person, login
from pairly.core import clock
from payments.simulator.services import deliver_settled
from payments.tests.buyers import Buyer
from payments.tests.desk import Desk, bought

Join = Callable[..., Person]


def told(api: Any) -> list[tuple[str, str]]:
    """Kind and title of what waits, newest first; then it is read."""
    prefix = "" if isinstance(api, Caller) else "/api/v1/"
    pass_time()
    rows = api.get(f"{prefix}notifications?unread=true").json()["results"]
    assert api.post(f"{prefix}notifications/read-all").status_code == 200
    return [(row["kind"], row["title"]) for row in rows]


@pytest.mark.usefixtures("push")
def test_of_accounts(join: Join, guest: Caller, mail: Recorder) -> None:
    ava = join("Ava")
    assert told(ava.api) == [("credits.added", "20 credits were added")]
    assert [one.kind for one in mail.sent] == ["credits.added"]
    answer = login(guest, ava.email, device_name="An old tablet")
    assert answer.status_code == 200
    assert told(ava.api) == [("security.new_sign_in", "New sign-in to your account")]
    assert "On An old tablet" in mail.sent[-1].body
    body = {"current_password": PASSWORD, "new_password": "loud-mountain-43"}
    assert ava.api.post("auth/password/change", **body).status_code == 204
    assert told(ava.api) == [("security.password_changed", "Your password was changed")]
    # In Hindi from now on.
    assert ava.api.put("notifications/preferences", language="hi").status_code == 200
    assert login(guest, ava.email, "loud-mountain-43").status_code == 200
    assert told(ava.api) == [("security.new_sign_in", "आपके खाते में नया साइन-इन")]
    assert mail.sent[-1].html.startswith('<!doctype html>\n<html lang="hi">')


@pytest.mark.usefixtures("trusting", "push", "mail")
def test_of_payments() -> None:
    buyer, desk = Buyer(), Desk()
    assert [kind for kind, _title in told(buyer.api)] == ["credits.added"]
    declined = buyer.intent()
    for _ in range(2):
        buyer.play(declined, "decline")
    assert told(buyer.api) == [("payment.failed", "Payment failed")]
    intent = bought(buyer)
    buyer.play(intent, "duplicate")
    assert told(buyer.api) == [("payment.completed", "Payment received")]
    desk.refunded(intent, 1000)
    assert told(buyer.api) == [("payment.refunded", "Payment refunded")]
    buyer.play(intent, "dispute")
    assert told(buyer.api) == [("payment.disputed", "Payment disputed")]
    buyer.play(intent, "dispute_lost")
    assert told(buyer.api) == [("payment.dispute_closed", "Dispute decided")]
    other = bought(buyer)
    buyer.play(other, "refund_fails")
    desk.refunded(other)
    told(buyer.api)
    deliver_settled(clock.now())
    assert told(buyer.api) == [("payment.refund_failed", "Refund failed")]
    Desk("admin").adjust(buyer, "give_bonus", 7)
    assert told(buyer.api) == [("credits.added", "7 credits were added")]


@pytest.mark.usefixtures("mail")
def test_of_calls_and_credits(
    settings: Any, join: Join, push: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from calling import reach

    monkeypatch.setattr(reach, "can_be_rung", lambda _user_id: True)
    ava, ben = join("Ava"), join("Ben")
    told(ava.api), told(ben.api)
    for number in range(2):
        wish = {"callee_id": ben.id, "media": "video", "client_id": f"c{number}"}
        call = ava.api.post("calls", **wish)
        assert call.status_code == 201, call.json()
        pass_time()
        assert ava.api.post(f"calls/{call.json()['id']}/cancel").status_code == 200
        pass_time()
    rings = [one for one in push.sent if one.kind == "call.incoming"]
    assert [(one.title, one.body) for one in rings] == [
        ("Ava is calling", "Incoming video call")
    ] * 2
    assert (rings[0].notification_class, rings[0].expires_at is None) == ("ring", False)
    assert told(ben.api) == [("call.missed", "2 missed calls from Ava")]
    # A call that is over before the push is on its way rings nowhere.
    since = ben.api.get("sync?since=0").json()["position"]
    wish = {"callee_id": ben.id, "media": "audio", "client_id": "c9"}
    call = ava.api.post("calls", **wish)
    assert ava.api.post(f"calls/{call.json()['id']}/cancel").status_code == 200
    pass_time()
    assert len([one for one in push.sent if one.kind == "call.incoming"]) == 2
    # That nothing rings any more is no news: the list is as it was.
    heard = ben.api.get(f"sync?since={since}").json()["events"]
    assert {one["type"] for one in heard} == {"call.incoming", "call.ended", "notification.new"}

    # Twenty credits, a credit a message: below nineteen it is told, once.
    settings.CREDITS_LOW_CREDITS = 19
    conversation = ava.api.post("conversations", user_id=ben.id).json()["id"]
    for _ in range(3):
        body = {"client_id": str(uuid4()), "kind": "text", "text": "hello"}
        sent = ava.api.post(f"conversations/{conversation}/messages", **body)
        assert sent.status_code == 201
    assert told(ava.api) == [("credits.low", "Your credits are running low")]


@pytest.mark.usefixtures("mail")
def test_a_ring_that_reaches_nobody_in_time_is_a_missed_call(
    join: Join,
    push: Recorder,
    travelled: time_machine.Traveller,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from calling import reach
    from calling.tasks import expire_ringing

    monkeypatch.setattr(reach, "can_be_rung", lambda _user_id: True)
    ava, ben = join("Ava"), join("Ben")
    told(ben.api)
    push.answers += [TRANSIENT] * 2
    wish = {"callee_id": ben.id, "media": "audio", "client_id": "c1"}
    assert ava.api.post("calls", **wish).status_code == 201
    pass_time()
    tried_at = [clock.now()]
    for _ in range(settings.RING_TIMEOUT_SECONDS + 60):
        tried = len(push.tried)
        after(travelled, seconds=1)
        expire_ringing()
        rings = [one for one in push.tried[tried:] if one.kind == "call.incoming"]
        tried_at += [clock.now()] * len(rings)
        assert all(one.expires_at is None or one.expires_at > clock.now() for one in rings)
    assert len(tried_at) == 2
    assert [one.title for one in push.sent] == ["Missed call from Ava"]
    assert told(ben.api) == [("call.missed", "Missed call from Ava")]


@pytest.mark.usefixtures("mail")
def test_a_ring_that_is_told_of_after_its_end_rings_nowhere(
    join: Join, push: Recorder, travelled: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handler that failed comes again ten seconds later, and the call's end was quicker."""
    from calling import reach
    from notifications import handlers

    monkeypatch.setattr(reach, "can_be_rung", lambda _user_id: True)
    ava, ben = join("Ava"), join("Ben")
    told(ben.api)
    with monkeypatch.context() as away:
        away.delattr(handlers, "notify")
        call = ava.api.post("calls", callee_id=ben.id, media="audio", client_id="c1")
        assert call.status_code == 201
        pass_time()
    assert ava.api.post(f"calls/{call.json()['id']}/cancel").status_code == 200
    after(travelled, seconds=10)
    assert push.titles == ["Missed call from Ava"]


@pytest.mark.usefixtures("push", "mail")
def test_of_moderation(join: Join) -> None:
    from pairly.moderation import services
    from pairly.moderation.models import Case
    from pairly.staff.tests.people import new_staff

    ava, ben = join("Ava"), join("Ben")
    told(ben.api)
    report = {"target_type": "user", "target_id": ben.id, "reason": "spam", "details": ""}
    assert ava.api.post("reports", **report).status_code == 201
    why = {"actor_id": new_staff("moderator").pk, "reason": "As reported"}
    case = Case.objects.get(author_id=UUID(ben.id)).pk
    services.resolve_case(case_id=case, **why, measures=["warn"], text="Less of this.")
    pass_time()
    (row,) = ben.api.get("notifications?unread=true").json()["results"]
    assert (row["kind"], row["body"]) == ("moderation.decided", "Less of this.")


def test_of_those_who_left(join: Join, push: Recorder, mail: Recorder) -> None:
    from notifications.models import Delivery, Notification, Preferences

    ava, ben = join("Ava"), join("Ben")
    assert ben.api.put("notifications/preferences", marketing=True).status_code == 200
    conversation = ava.api.post("conversations", user_id=ben.id).json()["id"]
    body = {"client_id": "c", "kind": "text", "text": "hello"}
    assert ava.api.post(f"conversations/{conversation}/messages", **body).status_code == 201
    assert ben.api.delete("me", password=PASSWORD).status_code == 204
    pass_time()
    assert not Notification.objects.filter(user_id=ben.id).exists()
    assert not Delivery.objects.filter(user_id=ben.id).exists()
    assert not Preferences.objects.filter(pk=UUID(ben.id)).exists()
    assert not [one for one in (*push.sent, *mail.sent) if str(one.user_id) == ben.id]
