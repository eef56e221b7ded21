"""Every read that people wait for goes through an index, and none grows with the history."""

from datetime import datetime
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging.models import Conversation, Folder, Hidden, Message
from messaging.selectors import Listed, _recent, conversations_for, views_of
from messaging.services.conversations import open_conversation
from messaging.services.messages import send_messages
from messaging.services.send_requests import check_send
from messaging.tests.people import make_people
from pairly.core import clock
from pairly.core.db import run_atomic
from tests.explain import assert_uses_index

pytestmark = pytest.mark.mongodb


def write_to(sender_id: UUID, other_ids: list[UUID], each: int) -> None:
    requests = [
        check_send(
            sender_id=sender_id,
            client_id=uuid4().hex,
            kind="text",
            text="hello",
            conversation_id=None,
            to_user_id=other_id,
            reply_to_id=None,
        )
        for other_id in other_ids
        for _ in range(each)
    ]
    run_atomic(lambda: send_messages(requests))


def inbox(
    user_id: UUID, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> list[Listed]:
    return conversations_for(user_id, folders=[Folder.INBOX], before=before, limit=limit)


def test_hot_reads_use_indexes() -> None:
    ava, *others = make_people(30, 200)
    write_to(ava, others, 2)
    for other in others[:5]:
        write_to(other, [person for person in others if person != other], 1)
    conversation_id, _ = open_conversation(user_id=ava, other_id=others[0])
    now = clock.now()
    visible = Hidden.visible_to(Hidden.FIRST)
    messages = Message.objects.filter(conversation_id=conversation_id, hidden__in=visible)
    assert_uses_index(Conversation.objects.filter(pk=conversation_id))
    for side in ("first", "second"):
        for before in (None, (now, conversation_id)):
            recent = _recent(side, ava, Folder.INBOX, before)
            assert_uses_index(recent[:10], documents_max=20)
    assert_uses_index(messages.order_by("-seq")[:10])
    assert_uses_index(messages.filter(seq__gt=1).order_by("seq")[:10])
    assert_uses_index(Message.objects.filter(client_key__in=["a", "b"]))


def test_a_page_of_conversations_costs_the_same_for_few_and_many() -> None:
    ava, *others = make_people(25, 200)
    write_to(ava, others[:3], 1)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            views_of(inbox(ava))
        return len(queries)

    few = cost()
    write_to(ava, others, 3)
    assert cost() == few


def test_conversations_page_in_order_without_repeats() -> None:
    ava, *others = make_people(23, 200)
    write_to(ava, others, 1)
    seen: list[UUID] = []
    before = None
    while page := inbox(ava, before, 5):
        seen += [row.id for row in page]
        before = (page[-1].updated_at, page[-1].id)
    assert len(seen) == len(set(seen)) == 22
