"""Conversations that were there before each side had its own place come through whole."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from messaging.models import Conversation, Folder, client_key, pair_key
from messaging.selectors import conversations_for, messages_for, view_for
from messaging.services.messages import send_messages
from messaging.services.send_requests import check_send
from messaging.tests.people import make_people
from pairly.core.db import run_atomic
from pairly.core.ids import new_id

pytestmark = pytest.mark.mongodb

BEFORE = [("messaging", "0001_initial")]
OPENED_AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


def migrate(targets: list[Any]) -> Any:
    """The apps as they are there."""
    return MigrationExecutor(connection).migrate(targets).apps


def migrate_to_the_newest() -> None:
    migrate(MigrationExecutor(connection).loader.graph.leaf_nodes("messaging"))


@pytest.fixture
def old_apps(database: None) -> Iterator[Any]:
    yield migrate(BEFORE)
    migrate_to_the_newest()


def old_conversation(old_apps: Any, people: list[UUID], **values: Any) -> UUID:
    first, second = sorted(people, key=lambda person: person.hex)
    row = old_apps.get_model("messaging", "Conversation")(
        pair_key=pair_key(first, second), first_id=first, second_id=second, **values
    )
    row.save(force_insert=True)
    found: UUID = row.pk
    return found


def old_message(old_apps: Any, conversation_id: UUID, seq: int, sender_id: UUID) -> UUID:
    row = old_apps.get_model("messaging", "Message")(
        id=new_id(),
        conversation_id=conversation_id,
        seq=seq,
        sender_id=sender_id,
        client_key=client_key(sender_id, f"{seq}"),
        request_hash="of old",
        kind="text",
        text=f"number {seq}",
        price=1,
        created_at=OPENED_AT + timedelta(minutes=seq),
    )
    row.save(force_insert=True)
    found: UUID = row.pk
    return found


def test_old_conversations_come_through(old_apps: Any) -> None:
    ava, ben, cleo = sorted(make_people(3, credits=5), key=lambda person: person.hex)
    written_at = OPENED_AT + timedelta(minutes=3)
    talk = old_conversation(
        old_apps,
        [ava, ben],
        version=7,
        opened_at=OPENED_AT,
        updated_at=written_at,
        last_seq=3,
        first_delivered_seq=3,
        first_read_seq=3,
        first_shown_read_seq=2,
        second_delivered_seq=2,
        second_unread=2,
    )
    senders = (ava, ava, ben)
    messages = [old_message(old_apps, talk, n, sender) for n, sender in enumerate(senders, 1)]
    old_apps.get_model("messaging", "Conversation").objects.filter(pk=talk).update(
        last_message_id=messages[-1]
    )
    silent = old_conversation(old_apps, [ava, cleo], opened_at=OPENED_AT, updated_at=OPENED_AT)
    blocked = old_conversation(
        old_apps, [ben, cleo], blocked=True, opened_at=None, updated_at=OPENED_AT
    )

    migrate_to_the_newest()

    def listed(person: UUID) -> list[UUID]:
        rows = conversations_for(person, folders=[Folder.INBOX], before=None, limit=10)
        return [row.id for row in rows]

    assert [listed(person) for person in (ava, ben, cleo)] == [[talk, silent], [talk], [silent]]
    row = Conversation.objects.get(pk=talk)
    assert (row.version, row.first_sent, row.second_sent) == (7, 2, 1)
    assert (row.first_shown_delivered_seq, row.second_shown_delivered_seq) == (3, 2)
    mine, theirs = view_for(ava, talk), view_for(ben, talk)
    for view in (mine, theirs):
        assert (view.last_seq, view.updated_at) == (3, written_at)
        assert not view.muted and not view.archived
        assert view.last_message is not None and view.last_message.pk == messages[-1]
    assert (mine.my_read_seq, theirs.peer_read_seq, theirs.unread) == (3, 2, 2)
    for person in (ava, ben):
        seen = messages_for(person, row, before_seq=None, after_seq=0, limit=10)
        assert [(one.pk, one.text, one.attachments, one.hidden) for one in seen] == [
            (key, f"number {seq}", "[]", 0) for seq, key in enumerate(messages, 1)
        ]
    unopened = Conversation.objects.get(pk=blocked)
    assert (unopened.blocked, unopened.first_folder, unopened.second_folder) == (True, 0, 0)

    # And life goes on in it.
    wish = check_send(
        sender_id=ben,
        client_id="new",
        kind="text",
        text="number 4",
        conversation_id=talk,
        to_user_id=None,
        reply_to_id=messages[0],
    )
    (sent,) = run_atomic(lambda: send_messages([wish]))
    assert not isinstance(sent, Exception) and sent.message.seq == 4
    assert view_for(ava, talk).unread == 1
