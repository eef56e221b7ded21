"""Everything that people are told of, over real HTTP: what happens, and what a socket hears of it.

``STORY`` is the table: what is told, and of it what the push says; a blank where it is not pushed.
"""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from notifications.kinds import KINDS
from notifications.models import Delivery
from notifications.push.models import MockPush
from notifications.tests.senders import pass_time
from notifications.triggers import TRIGGERS
from pairly.accounts.models import Mail
from pairly.accounts.tests.conftest import mailed
from pairly.core import clock
from pairly.staff.tests.people import staff_api
from payments.simulator.services import deliver_settled
from tests.clients import Person

__all__ = ["mailed"]

STORY = [
    ("registers", "credits.added", ""),
    ("is_given_credits", "credits.added", ""),
    ("signs_in_elsewhere", "security.new_sign_in", "New sign-in to your account"),
    ("is_declined", "payment.failed", ""),
    ("pays", "payment.completed", ""),
    ("gets_money_back", "payment.refunded", "Payment refunded"),
    ("disputes", "payment.disputed", "Payment disputed"),
    ("wins_the_dispute", "payment.dispute_closed", "Dispute decided"),
    ("waits_in_vain_for_a_refund", "payment.refund_failed", "Refund failed"),
    ("is_released_from_review", "credits.added", ""),
    ("is_written_to", "message.received", "New message from Ben"),
    ("spends", "credits.low", "Your credits are running low"),
    ("is_refunded_a_message", "credits.added", ""),
    ("is_called", "call.incoming", "Ben is calling"),
    ("misses_the_call", "call.missed", "Missed call from Ben"),
    ("is_warned", "moderation.decided", "A decision about your account"),
    ("changes_the_password", "security.password_changed", "Your password was changed"),
]
STAFF = ("announcement.service", "announcement.offer")
"""Told by broadcasts, which have tests of their own."""


class Staff:
    """Somebody of this role, at work over HTTP."""

    def __init__(self, url: str, role: str) -> None:
        token = staff_api(role)._credentials["HTTP_AUTHORIZATION"]  # type: ignore[attr-defined]
        headers = {"Authorization": token}
        self._http = httpx.Client(base_url=f"{url}/api/v1/staff/", headers=headers, timeout=60)

    def post(self, path: str, **body: Any) -> Any:
        answer = self._http.post(path, json=body, headers={"Idempotency-Key": str(uuid4())})
        assert answer.is_success, answer.text
        return answer.json()

    def get(self, path: str) -> Any:
        return self._http.get(path).json()


class Ava:
    """Ava with a telephone and a verified address, whom all of it happens to; and Ben."""

    def __init__(self, url: str, mailed: Callable[[str], str]) -> None:
        self._url = url
        self.ava, self.ben = Person.register(url, "Ava"), Person.register(url, "Ben")
        self.socket = self.ava.socket("/ws/notifications/")
        self.ava.call("POST", "auth/verify-email", {"code": mailed(self.ava.email)})
        device = {"provider": "fcm", "token": "fcm-token:" + "x" * 140}
        self.ava.call("POST", "notifications/devices", device)
        self._intents: dict[str, Any] = {}

    def registers(self) -> None:
        """That was all."""

    def is_given_credits(self) -> None:
        gift = {"kind": "give_bonus", "credits": 7, "reason": "so sorry"}
        Staff(self._url, "admin").post(f"users/{self.ava.id}/adjustments", **gift)

    def signs_in_elsewhere(self) -> None:
        self.ava.sign_in("An old tablet").close()

    def is_declined(self) -> None:
        self._play(self._begin("declined"), "decline")

    def pays(self) -> None:
        self._play(self._begin("paid"), "succeed")

    def gets_money_back(self) -> None:
        Staff(self._url, "finance").post(
            f"payments/{self._intents['paid']}/refund", reason="asked for it", amount=1000
        )

    def disputes(self) -> None:
        self._play(self._intents["paid"], "dispute")

    def wins_the_dispute(self) -> None:
        self._play(self._intents["paid"], "dispute_won")

    def waits_in_vain_for_a_refund(self) -> None:
        self._play(self._begin("late"), "succeed")
        self._play(self._intents["late"], "refund_fails")
        Staff(self._url, "finance").post(
            f"payments/{self._intents['late']}/refund", reason="asked for it"
        )
        deliver_settled(clock.now())

    def is_released_from_review(self) -> None:
        self._play(self._begin("reviewed"), "succeed")
        pass_time()
        Staff(self._url, "finance").post(
            f"fraud/reviews/{self._intents['reviewed']}/approve", reason="Known"
        )

    def is_written_to(self) -> None:
        self._write(self.ben, self.ava)

    def spends(self) -> None:
        self.sent = self._write(self.ava, self.ben)

    def is_refunded_a_message(self) -> None:
        self._report(self.ben, "message", self.sent)
        desk = Staff(self._url, "moderator")
        (case,) = [one for one in self._cases(desk) if one["target_type"] == "message"]
        desk.post(f"reports/{case['id']}/resolve", reason="x", measures=["hide"])
        desk.post(f"reports/{case['id']}/refund", reason="Goodwill")

    def is_called(self) -> None:
        wish = {"callee_id": self.ava.id, "media": "audio", "client_id": "c1"}
        self.call_id = self.ben.call("POST", "calls", wish)["id"]

    def misses_the_call(self) -> None:
        self.ben.call("POST", f"calls/{self.call_id}/cancel")

    def is_warned(self) -> None:
        self._report(self.ben, "user", self.ava.id)
        desk = Staff(self._url, "moderator")
        (case,) = [one for one in self._cases(desk) if one["target_type"] == "user"]
        measures = {"measures": ["warn"], "text": "Less of this."}
        desk.post(f"reports/{case['id']}/resolve", reason="As reported", **measures)

    def changes_the_password(self) -> None:
        words = {"current_password": self.ava.password, "new_password": "loud-mountain-43"}
        self.ava.call("POST", "auth/password/change", words)

    def _begin(self, name: str) -> str:
        answer = self.ava.http.post(
            "payments/intents",
            json={"package": "small", "provider": "stripe"},
            headers={"Idempotency-Key": str(uuid4())},
        )
        assert answer.status_code == 201, answer.text
        self._intents[name] = answer.json()["id"]
        return str(self._intents[name])

    def _play(self, intent_id: str, outcome: str) -> None:
        self.ava.call("POST", f"mock/payments/{intent_id}", {"outcome": outcome})
        pass_time()

    def _write(self, sender: Person, other: Person) -> str:
        conversation = sender.open_conversation(other)
        body = {"client_id": str(uuid4()), "kind": "text", "text": "hello"}
        return str(sender.call("POST", f"conversations/{conversation}/messages", body)["id"])

    def _report(self, who: Person, target_type: str, target_id: str) -> None:
        wish = {"target_type": target_type, "target_id": target_id, "reason": "spam"}
        who.call("POST", "reports", {**wish, "details": ""})

    def _cases(self, desk: Staff) -> Any:
        return desk.get("reports")["results"]

    def hears(self, kind: str) -> dict[str, Any]:
        """The next one of this kind, over the socket."""
        while True:
            told: dict[str, Any] = self.socket.event("notification.new")["data"]["notification"]
            if told["kind"] == kind:
                return told


@pytest.fixture
def ava(live_server_url: str, settings: Any, mailed: Callable[[str], str]) -> Iterator[Ava]:
    settings.EMAIL_BACKEND = "pairly.accounts.mail_backend.EmailBackend"
    settings.PRESENCE_AWAY_SECONDS = 0  # nobody looks
    settings.NOTIFICATION_GATHER_SECONDS = 0
    settings.FRAUD_REVIEW_POINTS = settings.FRAUD_BLOCK_POINTS = 10_000
    ava = Ava(live_server_url, mailed)
    yield ava
    ava.ava.close()
    ava.ben.close()


def test_whatever_happens_is_told_on_every_channel_of_its_kind(ava: Ava, settings: Any) -> None:
    pushed = 0
    for happening, kind, push in STORY:
        settings.FRAUD_REVIEW_POINTS = 10 if happening == "is_released_from_review" else 10_000
        settings.CREDITS_LOW_CREDITS = ava.ava.wallet()["available"] if happening == "spends" else 0
        getattr(ava, happening)()
        pass_time()
        if "in_app" in KINDS[kind].channels:
            told = ava.hears(kind)
            listed = ava.ava.call("GET", "notifications?unread=true")["results"]
            assert told in listed, happening
            ava.ava.call("POST", f"notifications/{told['id']}/read")
        pushes = MockPush.objects.filter(user_id=ava.ava.id, kind=kind).order_by("id")
        assert push == "" or push in pushes.values_list("title", flat=True), happening
        pushed += bool(push)
        assert set(
            Delivery.objects.filter(user_id=ava.ava.id, kind=kind).values_list("channel", flat=True)
        ) == set(KINDS[kind].channels)
        if KINDS[kind].notification_class in ("security", "money"):
            subject = listed[0]["title"]
            assert Mail.objects.filter(recipient=ava.ava.email, subject=subject).exists(), happening
    assert {kind for _happening, kind, _push in STORY} == set(KINDS) - set(STAFF)
    assert len(TRIGGERS) == 14
    assert MockPush.objects.filter(user_id=UUID(ava.ava.id)).count() >= pushed
