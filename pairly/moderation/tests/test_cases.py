"""From a message, a report or a profile to a decision, as people and moderators live it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine

from pairly.accounts.models import Report, User
from pairly.accounts.services import give_role, suspend_user
from pairly.alerts.models import Alert
from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.core.errors import PairlyError
from pairly.moderation import services
from pairly.moderation.classifier.signals import UNEXAMINED
from pairly.moderation.classifier.verdicts import Signals
from pairly.moderation.models import Case, Notice
from pairly.moderation.tasks import forget_decided_content, watch_queue
from pairly.outbox.dispatch import dispatch_all
from pairly.staff.tests.people import new_staff
from tests.clients import Person, Refused, Socket

pytestmark = pytest.mark.mongodb

State = Report.Status


@pytest.fixture
def people(live_server_url: str) -> Iterator[tuple[Person, Person]]:
    ava, ben = (Person.register(live_server_url, name) for name in ("Ava", "Ben"))
    yield ava, ben
    ava.close()
    ben.close()


@pytest.fixture
def moderator() -> UUID:
    found: UUID = new_staff("moderator").pk
    return found


def write(socket: Socket, to: Person, text: str) -> Any:
    wish = {"to_user_id": to.id, "client_id": uuid4().hex, "kind": "text", "text": text}
    return socket.command("message.send", wish)["message"]


def history(person: Person, conversation_id: str) -> list[str]:
    return [
        one["text"]
        for one in person.all_of(f"conversations/{conversation_id}/messages?after_seq=0")
    ]


def only_case() -> Case:
    return Case.objects.get()


def test_a_flagged_message_is_delivered_and_queued(people: Any) -> None:
    ava, ben = people
    sender, receiver = ava.socket(), ben.socket()
    message = write(sender, ben, "you look sexy, add me on snap")
    assert receiver.event("message.new")["data"]["message"]["text"] == message["text"]
    assert ava.wallet()["balance"] == 19
    case = only_case()
    assert (case.target_type, str(case.target_id), str(case.author_id)) == (
        "message",
        message["id"],
        ava.id,
    )
    assert (case.state, case.reason, case.flags, case.reports) == (
        State.PENDING,
        "sexual_content",
        1,
        0,
    )
    assert (case.text, case.signals) == (message["text"], "sexual 1, handle 1")
    # Once she has been answered the same words weigh less.
    write(receiver, ava, "hello")
    write(sender, ben, "add me on snap")
    assert Case.objects.count() == 1


def test_a_blocked_message_is_neither_delivered_nor_charged(people: Any) -> None:
    ava, ben = people
    sender, receiver = ava.socket(), ben.socket()
    wish = {"to_user_id": ben.id, "client_id": "one", "kind": "text"}
    for _attempt in range(2):
        with pytest.raises(Refused) as refused:
            sender.command("message.send", wish | {"text": "child porn links"})
        assert refused.value.code == "message_blocked"
    assert ava.wallet()["balance"] == 20 and receiver.quiet() == []
    assert ben.all_of("conversations") == [] == ava.all_of("conversations")
    # Who tried is seen by staff, at once: a child may be in danger.
    case = only_case()
    assert (case.target_type, str(case.target_id), case.reason) == ("user", ava.id, "minor")
    assert (case.text, case.flags, case.priority) == ("child porn links", 2, Case.Priority.FIRST)
    alert = Alert.objects.get()
    assert (alert.kind, alert.key, alert.severity) == ("child_in_danger", str(case.pk), "critical")
    # The client id was not used up.
    assert sender.command("message.send", wish | {"text": "hello"})["message"]["seq"] == 1


class Silent:
    """An external classifier that never answers."""

    waits = True

    def examine(self, text: str) -> Signals:
        return ((UNEXAMINED, 1),)


def test_without_an_answer_of_the_external_classifier_nothing_is_lost(
    people: Any, settings: Any
) -> None:
    settings.MODERATION_CLASSIFIER = f"{__name__}.Silent"
    ava, ben = people
    sender, receiver = ava.socket(), ben.socket()
    message = write(sender, ben, "hello")
    assert receiver.event("message.new")["data"]["message"]["text"] == "hello"
    sender.command("message.edit", {"message_id": message["id"], "text": "hello again"})
    wish = {"client_id": "rest", "kind": "text", "text": "over REST"}
    ava.call("POST", f"conversations/{message['conversation_id']}/messages", wish)
    assert history(ben, message["conversation_id"]) == ["hello again", "over REST"]
    assert sorted(Case.objects.values_list("signals", "flags")) == [
        ("unexamined 1", 1),
        ("unexamined 1", 2),
    ]
    with time_machine.travel(clock.now(), tick=False) as time:
        alert = Alert.objects.get()
        assert (alert.kind, alert.count, alert.state) == ("classifier_away", 3, "open")
        watch_queue()
        time.shift(601)
        watch_queue()
        assert Alert.objects.get().state == "resolved"


def test_who_leaves_takes_what_was_told_along(people: Any, moderator: UUID) -> None:
    ava, ben = people
    write(ava.socket(), ben, "I will kill you")
    services.resolve_case(
        case_id=only_case().pk, actor_id=moderator, measures=["warn"], reason="A threat"
    )
    assert Notice.objects.count() == 1
    ava.call("DELETE", "me", {"password": ava.password})
    assert Notice.objects.count() == 0 and only_case().text == "I will kill you"


def test_an_edit_is_looked_at_as_well(people: Any) -> None:
    ava, ben = people
    sender = ava.socket()
    message = write(sender, ben, "hello")
    with pytest.raises(Refused, match="message_blocked"):
        sender.command("message.edit", {"message_id": message["id"], "text": "cp links"})
    edit = {"message_id": message["id"], "text": "I will kill you"}
    sender.command("message.edit", edit)
    assert history(ben, message["conversation_id"]) == ["I will kill you"]
    assert sorted(Case.objects.values_list("target_type", "reason")) == [
        ("message", "violence"),
        ("user", "minor"),
    ]
    # What it said is kept for staff when it is mended again, and joins what was said before.
    for text in ("it was a joke", "kill yourself"):
        sender.command("message.edit", edit | {"text": text})
    case = Case.objects.get(target_type="message")
    assert "I will kill you" in case.text and "kill yourself" in case.text
    assert (case.flags, case.reason) == (2, "violence")
    # Nor do long texts push it out.
    for number in range(3):
        long = f"kill yourself {number} " + "and go on " * 490
        sender.command("message.edit", edit | {"text": long})
    case.refresh_from_db()
    assert "I will kill you" in case.text and "kill yourself 2" in case.text
    assert len(case.text) < 11_000


def test_a_message_hidden_later_is_gone_from_both_and_refunded_once(
    people: Any, moderator: UUID
) -> None:
    ava, ben = people
    sender, receiver = ava.socket(), ben.socket()
    message = write(sender, ben, "I will kill you")
    write(sender, ben, "sorry")
    conversation = message["conversation_id"]
    case = only_case()
    why: dict[str, Any] = {"case_id": case.pk, "actor_id": moderator, "reason": "A threat"}
    services.resolve_case(**why, measures=["hide", "warn"], text="We do not want this here.")
    for person, socket in ((ava, sender), (ben, receiver)):
        assert history(person, conversation) == ["sorry"]
        told = socket.event("message.deleted")["data"]
        assert (told["message_id"], told["for"]) == (message["id"], "staff")
    notice = sender.event("moderation.decided")["data"]
    assert (notice["measures"], notice["reason"]) == (["hide", "warn"], "violence")
    assert notice["text"] == "We do not want this here."
    assert ava.all_of("moderation/notices") == [notice]
    assert ben.all_of("moderation/notices") == []

    before = ava.wallet()["balance"]
    assert services.refund_case(**why) == 1
    with pytest.raises(PairlyError, match="has been given back"):
        services.refund_case(**why)
    assert ava.wallet()["balance"] == before + 1
    assert sender.event("wallet.updated")["data"]["balance"] == before + 1

    services.restore_case(**why)
    assert history(ben, conversation) == ["I will kill you", "sorry"]
    with pytest.raises(PairlyError, match="Nothing is hidden"):
        services.restore_case(**why)
    case.refresh_from_db()
    assert (case.state, case.measures) == (State.RESOLVED, "hide, warn, refund, restore")
    done = AuditEntry.objects.filter(target_type="case", target_id=str(case.pk)).order_by("id")
    assert [one.action for one in done] == ["case.resolved", "case.refunded", "case.restored"]
    assert {one.reason for one in done} == {"A threat"}


def test_reports_join_the_case_and_follow_its_decision(
    people: Any, moderator: UUID, live_server_url: str
) -> None:
    ava, ben = people
    message = write(ava.socket(), ben, "you bitch")
    case = only_case()
    assert case.reason == "harassment"

    def report(person: Person, reason: str, **target: str) -> Any:
        about = {"target_type": "message", "target_id": message["id"]} | target
        return person.call("POST", "reports", about | {"reason": reason, "details": "Look."})

    made = report(ben, "minor")
    case.refresh_from_db()
    assert (case.reports, case.flags, case.reason) == (1, 1, "minor")
    assert case.priority == Case.Priority.FIRST
    assert case.due_at - clock.now() < timedelta(hours=1)
    assert Alert.objects.get().kind == "child_in_danger"
    with pytest.raises(Refused, match="yours"):
        report(ava, "spam")
    assert not Report.objects.filter(reporter_id=ava.id).exists()
    with pytest.raises(Refused, match="not_found"):
        report(Person.register(live_server_url, "Cleo"), "spam")

    def status() -> str:
        return str(Report.objects.get(pk=made["id"]).status)

    services.take_case(case_id=case.pk, actor_id=moderator)
    assert status() == State.UNDER_REVIEW
    services.release_case(case_id=case.pk, actor_id=moderator, reason="Lunch")
    assert status() == State.PENDING
    services.dismiss_case(case_id=case.pk, actor_id=moderator, reason="They know each other")
    assert status() == State.DISMISSED
    assert Alert.objects.get().state == Alert.State.RESOLVED
    assert report(ben, "spam")["id"] == made["id"], "one report of one person and thing"
    # Another report of the same person is a case of its own.
    report(ben, "harassment", target_type="user", target_id=ava.id)
    assert Case.objects.count() == 2


def test_of_two_moderators_at_once_one_decides(people: Any, moderator: UUID) -> None:
    ava, ben = people
    colleague = new_staff("admin").pk
    message = write(ava.socket(), ben, "I will kill you")
    case = only_case()
    barrier = threading.Barrier(2)

    def decide(actor_id: UUID) -> str:
        barrier.wait()
        try:
            services.resolve_case(
                case_id=case.pk, actor_id=actor_id, measures=["hide", "warn"], reason="A threat"
            )
        except PairlyError as refusal:
            return type(refusal).__name__
        return "decided"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(decide, [moderator, colleague])) == ["CaseClosed", "decided"]
    assert Notice.objects.count() == 1
    assert AuditEntry.objects.filter(action="case.resolved").count() == 1
    assert history(ben, message["conversation_id"]) == []


def test_a_case_belongs_to_who_takes_it(people: Any, moderator: UUID) -> None:
    ava, ben = people
    colleague = new_staff("admin").pk
    write(ava.socket(), ben, "I will kill you")
    case = only_case()
    services.take_case(case_id=case.pk, actor_id=moderator)
    assert services.take_case(case_id=case.pk, actor_id=moderator).assigned_to_id == moderator
    refused: list[Any] = [
        lambda: services.take_case(case_id=case.pk, actor_id=colleague),
        lambda: services.dismiss_case(case_id=case.pk, actor_id=colleague, reason="x"),
    ]
    for refuse in refused:
        with pytest.raises(PairlyError, match="colleague works on"):
            refuse()
    services.release_case(case_id=case.pk, actor_id=colleague, reason="On holiday")
    services.dismiss_case(case_id=case.pk, actor_id=colleague, reason="A joke")
    with pytest.raises(PairlyError, match="has been decided"):
        services.take_case(case_id=case.pk, actor_id=moderator)


def test_nobody_decides_in_their_own_matter(people: Any, moderator: UUID) -> None:
    ava, ben = people
    write(ava.socket(), ben, "I will kill you")
    root = new_staff("superadmin").pk
    give_role(actor_id=root, user_id=UUID(ava.id), role="moderator", reason="x")
    with pytest.raises(PairlyError, match="own matter"):
        services.dismiss_case(case_id=only_case().pk, actor_id=UUID(ava.id), reason="Not me")


def test_measures_against_a_person(people: Any, moderator: UUID) -> None:
    ava, ben = people
    ava_socket, ben_socket = ava.socket(), ben.socket()
    ben.call("POST", "reports", _about(ava, "spam"))
    until = clock.now() + timedelta(days=3)
    why: dict[str, Any] = {"actor_id": moderator, "reason": "Advertises"}
    case = only_case()
    with pytest.raises(PairlyError, match="cannot be done"):
        services.resolve_case(case_id=case.pk, **why, measures=["hide", "suspend"])
    assert User.objects.get(pk=ava.id).suspended_at is None, "a decision is carried out whole"
    services.resolve_case(case_id=case.pk, **why, measures=["restrict"])
    assert Notice.objects.count() == 0, "nobody hears of a restriction"
    assert ava_socket.quiet() == []
    assert ava.id not in {one["id"] for one in ben.all_of("users")}
    balance = ava.wallet()["balance"]
    unheard = write(ava_socket, ben, "hello, anybody?")
    assert ben_socket.quiet() == [] and ben.all_of("conversations") == []
    assert history(ava, unheard["conversation_id"]) == ["hello, anybody?"]
    assert ava.wallet()["balance"] == balance

    cleo = Person.register(ava.url, "Cleo")
    cleo.call("POST", "reports", _about(ava, "spam"))
    again = Case.objects.get(state=State.PENDING)
    services.resolve_case(case_id=again.pk, **why, measures=["suspend"], suspend_until=until)
    assert ava_socket.close_code() == 4403
    assert User.objects.get(pk=ava.id).suspended_until == until
    with pytest.raises(Refused, match="permission_denied"):
        ava.wallet()


def _about(person: Person, reason: str) -> dict[str, str]:
    return {"target_type": "user", "target_id": person.id, "reason": reason, "details": ""}


def test_profiles_and_photos_come_through_the_same_queue(
    join: Any, moderator: UUID, settings: Any
) -> None:
    from pairly.accounts.tests.test_people import image

    ava = join("Ava")
    dispatch_all()
    assert not Case.objects.exists()
    ava.api.patch("me", bio="Tea and hills")
    ava.api.patch("me", listed=True)
    dispatch_all()
    assert not Case.objects.exists()
    ava.api.patch("me", bio="Write to me: +91 98765 43210")
    dispatch_all()
    case = only_case()
    assert (case.target_type, case.reason) == ("profile", "spam")
    assert case.text == "Ava\nWrite to me: +91 98765 43210"
    services.resolve_case(case_id=case.pk, actor_id=moderator, measures=["hide"], reason="A number")
    shown = ava.api.get("me").json()
    assert (shown["bio"], shown["display_name"]) == ("", "Member")

    ava.api.upload("me/photo", photo=image())
    dispatch_all()
    case = Case.objects.get(state=State.PENDING)
    assert (case.target_type, case.reason) == ("photo", "other")
    services.resolve_case(case_id=case.pk, actor_id=moderator, measures=["hide"], reason="Nude")
    assert ava.api.get("me").json()["photo_url"] is None
    settings.MODERATION_PHOTO_REVIEW = False
    ava.api.upload("me/photo", photo=image())
    dispatch_all()
    assert not Case.objects.filter(state=State.PENDING).exists()
    kept = ava.api.get("me/export").json()["moderation_notices"]
    assert [one["target_type"] for one in kept] == ["photo", "profile"]

    join("Kill yourself", email="somebody@example.org")
    dispatch_all()
    assert Case.objects.get(state=State.PENDING).reason == "harassment"


def test_what_is_overdue_is_told_and_what_is_decided_is_forgotten(
    people: Any, moderator: UUID
) -> None:
    ava, ben = people
    write(ava.socket(), ben, "I will kill you")
    with time_machine.travel(clock.now(), tick=False) as time:
        watch_queue()
        assert not Alert.objects.exists()
        time.shift(24 * 3600 + 60)
        for _ in range(2):
            watch_queue()
        alert = Alert.objects.get()
        assert (alert.kind, alert.count, alert.state) == ("moderation_overdue", 2, "open")
        services.dismiss_case(case_id=only_case().pk, actor_id=moderator, reason="A joke")
        watch_queue()
        assert Alert.objects.get().state == "resolved"
        time.shift(89 * 24 * 3600)
        forget_decided_content()
        assert only_case().text == "I will kill you"
        time.shift(2 * 24 * 3600)
        forget_decided_content()
        assert only_case().text == ""


def test_reports_at_once_make_one_case(people: Any) -> None:
    ava, _ben = people
    others = [Person.register(ava.url, f"Other{n}") for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: one.call("POST", "reports", _about(ava, "spam")), others))
    case = only_case()
    assert (case.reports, Report.objects.count()) == (4, 4)


def test_suspending_staff_takes_who_may(people: Any, moderator: UUID) -> None:
    """A measure that the service refuses leaves the case as it was."""
    ava, ben = people
    root = new_staff("superadmin").pk
    give_role(actor_id=root, user_id=UUID(ava.id), role="support", reason="x")
    ben.call("POST", "reports", _about(ava, "spam"))
    case = only_case()
    with pytest.raises(PairlyError, match="may give roles"):
        services.resolve_case(
            case_id=case.pk, actor_id=moderator, measures=["suspend"], reason="Spam"
        )
    assert only_case().state == State.PENDING
    suspend_user(actor_id=root, user_id=UUID(ava.id), reason="Spam")
