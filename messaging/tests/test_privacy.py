"""Nothing about one conversation reaches a third person, whatever happens in it.

Three people, each pair of whom may write to each other. All that is pushed to anybody, kept or
not, is held against what that person may know: the own conversations, and in them neither what
is withheld nor, under a block, receipts and typing.
"""

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from messaging.models import Hidden, Message
from messaging.services import moderation
from messaging.services.conversations import (
    ChangeConversation,
    change_conversations,
    open_conversation,
)
from messaging.services.deletions import DeleteMessage, delete_messages
from messaging.services.edits import check_edit, edit_messages
from messaging.services.messages import send_messages
from messaging.services.receipts import check_receipt, update_receipts
from messaging.services.send_requests import check_send
from messaging.services.typing import look_up_partner, send_typing
from messaging.tests.people import make_people
from pairly.accounts.models import User
from pairly.accounts.services import block, unblock
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.errors import PairlyError
from pairly.realtime.connections import hub
from pairly.realtime.news import News, Notice, Published
from pairly.realtime.selectors import catch_up
from tests.sizes import examples

PEOPLE = 3


class Secrets(RuleBasedStateMachine):
    """Every text is one of its own, so that where it turns up tells whose it is."""

    pushed: ClassVar[list[Published]] = []

    @initialize()
    def begin(self) -> None:
        self.pushed.clear()
        self.people = make_people(PEOPLE, 12)
        self.conversations: dict[UUID, tuple[UUID, UUID]] = {}
        self.messages: list[tuple[UUID, UUID]] = []
        self.words: dict[str, UUID] = {}
        self.blocks: set[tuple[UUID, UUID]] = set()

    one: ClassVar[Any] = st.integers(0, PEOPLE - 1)
    number: ClassVar[Any] = st.integers(0, 1000)

    @rule(sender=one, other=one)
    def send(self, sender: int, other: int) -> None:
        if sender == other:
            return
        sender_id, other_id = self.people[sender], self.people[other]
        word = uuid4().hex
        wish = check_send(
            sender_id=sender_id,
            client_id=word,
            kind="text",
            text=word,
            conversation_id=None,
            to_user_id=other_id,
            reply_to_id=None,
        )
        (result,) = run_atomic(lambda: send_messages([wish]))
        if not isinstance(result, PairlyError):
            conversation_id = result.message.conversation_id
            self.conversations[conversation_id] = (sender_id, other_id)
            self.messages.append((result.message.id, conversation_id))
            self.words[word] = conversation_id

    @rule(opener=one, other=one)
    def open(self, opener: int, other: int) -> None:
        pair = (self.people[opener], self.people[other])
        try:
            conversation_id, _opened = open_conversation(user_id=pair[0], other_id=pair[1])
        except PairlyError:
            return
        self.conversations[conversation_id] = pair

    @precondition(lambda self: self.messages)
    @rule(who=one, which=number)
    def edit(self, who: int, which: int) -> None:
        message_id, conversation_id = self.messages[which % len(self.messages)]
        word = uuid4().hex
        self.words[word] = conversation_id
        wish = check_edit(user_id=self.people[who], message_id=message_id, text=word)
        run_atomic(lambda: edit_messages([wish]))

    @precondition(lambda self: self.messages)
    @rule(who=one, which=number, scope=st.sampled_from(["me", "both"]))
    def delete(self, who: int, which: int, scope: Any) -> None:
        message_id, _conversation_id = self.messages[which % len(self.messages)]
        wish = DeleteMessage(self.people[who], message_id, scope)
        run_atomic(lambda: delete_messages([wish]))

    @precondition(lambda self: self.messages)
    @rule(which=number, decision=st.sampled_from(["hide", "restore", "refund", "erase"]))
    def decide(self, which: int, decision: str) -> None:
        message_id, _conversation_id = self.messages[which % len(self.messages)]
        getattr(moderation, f"{decision}_message")(message_id=message_id, now=clock.now())

    @precondition(lambda self: self.conversations)
    @rule(who=one, which=number, short=st.integers(0, 2))
    def receipt(self, who: int, which: int, short: int) -> None:
        user_id, conversation_id = self._somebody_in(which, who)
        sent = sum(where == conversation_id for _message_id, where in self.messages)
        seq = max(0, sent - short)
        wish = check_receipt(
            user_id=user_id, conversation_id=conversation_id, delivered_seq=None, read_seq=seq
        )
        before = len(self.pushed)
        run_atomic(lambda: update_receipts([wish]))
        self._nothing_passes_a_block(user_id, conversation_id, before)

    @precondition(lambda self: self.conversations)
    @rule(who=one, which=number, active=st.booleans())
    def type(self, who: int, which: int, active: bool) -> None:
        user_id, conversation_id = self._somebody_in(which, who)
        before = len(self.pushed)
        try:
            look_up_partner(user_id, conversation_id)
        except PairlyError:
            return
        send_typing(user_id=user_id, conversation_id=conversation_id, active=active)
        self._nothing_passes_a_block(user_id, conversation_id, before)

    @precondition(lambda self: self.conversations)
    @rule(who=one, which=number, muted=st.booleans(), archived=st.booleans())
    def keep(self, who: int, which: int, muted: bool, archived: bool) -> None:
        (user_id, conversation_id), before = self._somebody_in(which, who), len(self.pushed)
        wish = ChangeConversation(user_id, conversation_id, muted, archived)
        run_atomic(lambda: change_conversations([wish]))
        assert self._told(before) <= {user_id}

    @precondition(lambda self: self.conversations)
    @rule(which=number, turned=st.booleans())
    def block_or_unblock(self, which: int, turned: bool) -> None:
        pair = list(self.conversations.values())[which % len(self.conversations)]
        pair = pair[::-1] if turned else pair
        blocker = User.objects.get(pk=pair[0])
        (unblock if pair in self.blocks else block)(blocker=blocker, blocked_id=pair[1])
        self.blocks ^= {pair}

    @rule(who=one, on=st.booleans())
    def restrict(self, who: int, on: bool) -> None:
        at = clock.now() if on else None
        User.objects.filter(pk=self.people[who]).update(shadow_restricted_at=at)

    def teardown(self) -> None:
        if not hasattr(self, "people"):
            return
        withheld = self._withheld()
        for user_id in self.people:
            live = [
                news.data
                for news in self.pushed
                if isinstance(news, News) and news.user_id == user_id
            ]
            kept = [event.data for event in catch_up(user_id, 0).events]
            for text in [*live, *kept]:
                for secret in self._secrets_from(user_id):
                    assert secret not in text
                for message_id, sender_id in withheld.items():
                    assert user_id == sender_id or str(message_id) not in text

    def _secrets_from(self, user_id: UUID) -> Iterator[str]:
        """What must never come to this person: of conversations of others everything, and who
        they are if one has no conversation with them."""
        foreign = {c for c, pair in self.conversations.items() if user_id not in pair}
        yield from (str(conversation_id) for conversation_id in foreign)
        yield from (str(m) for m, conversation_id in self.messages if conversation_id in foreign)
        yield from (
            word for word, conversation_id in self.words.items() if conversation_id in foreign
        )
        known = {one for pair in self.conversations.values() if user_id in pair for one in pair}
        yield from (str(other) for other in self.people if other not in known | {user_id})

    def _withheld(self) -> dict[UUID, UUID]:
        rows = Message.objects.filter(pk__in=[message_id for message_id, _c in self.messages])
        return {row.pk: row.sender_id for row in rows if row.hidden & Hidden.WITHHELD}

    def _somebody_in(self, which: int, who: int) -> tuple[UUID, UUID]:
        """A conversation, and one of the two in it or, now and then, the third person."""
        conversation_id, pair = list(self.conversations.items())[which % len(self.conversations)]
        (outsider,) = set(self.people) - set(pair)
        return (*pair, outsider)[who], conversation_id

    def _told(self, before: int) -> set[UUID]:
        """Who was pushed anything since then."""
        return {item.user_id for item in self.pushed[before:] if not isinstance(item, Notice)}

    def _nothing_passes_a_block(self, user_id: UUID, conversation_id: UUID, before: int) -> None:
        pair = self.conversations[conversation_id]
        told = self._told(before)
        assert told <= set(pair)
        if pair in self.blocks or pair[::-1] in self.blocks:
            assert told <= {user_id}


@pytest.mark.mongodb
def test_nothing_reaches_a_third_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "publish", Secrets.pushed.extend)
    run_state_machine_as_test(
        Secrets,
        settings=hypothesis_settings(
            max_examples=examples(small=15, ci=80, torture=1500),
            stateful_step_count=40,
            deadline=None,
        ),
    )
