"""Messages, receipts and unread counts against a plain model, whatever the order and batching."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from messaging.selectors import conversation_for, messages_for, view_for
from messaging.services.conversations import open_conversation
from messaging.services.messages import SendResult, send_messages
from messaging.services.receipts import ReceiptResult, check_receipt, update_receipts
from messaging.services.send_requests import check_send
from messaging.tests.people import make_people
from pairly.core.db import run_atomic
from pairly.core.errors import PairlyError
from pairly.realtime.selectors import catch_up
from payments.selectors import wallet_of
from tests.sizes import examples

CREDITS = 15


@dataclass
class ModelSide:
    credits: int = CREDITS
    delivered: int = 0
    read: int = 0


@dataclass
class Model:
    """What should be, in the plainest words: who sent each message, and where each stands."""

    senders: list[int] = field(default_factory=list)
    sides: tuple[ModelSide, ModelSide] = field(default_factory=lambda: (ModelSide(), ModelSide()))

    def unread(self, who: int) -> int:
        return sum(1 for sender in self.senders[self.sides[who].read :] if sender != who)


sends = st.lists(st.integers(0, 1), min_size=1, max_size=5)
marks = st.lists(
    st.tuples(st.integers(0, 1), st.one_of(st.none(), st.integers(0, 40)), st.integers(0, 40)),
    min_size=1,
    max_size=5,
)


class Conversation(RuleBasedStateMachine):
    people: list[UUID]
    conversation_id: UUID

    @initialize()
    def start(self) -> None:
        self.people = make_people(2, CREDITS)
        self.conversation_id, _opened = open_conversation(
            user_id=self.people[0], other_id=self.people[1]
        )
        self.model = Model()
        self.client_ids: list[tuple[int, str, int]] = []

    @rule(who=sends)
    def send(self, who: list[int]) -> None:
        """A batch of messages; each is stored if its sender can pay for it."""
        names = [uuid4().hex for _ in who]
        results = self._send(list(zip(who, names, strict=True)))
        for sender, name, result in zip(who, names, results, strict=True):
            if self.model.sides[sender].credits:
                self.model.sides[sender].credits -= 1
                self.model.senders.append(sender)
                assert isinstance(result, SendResult) and not result.repeated
                assert result.message.seq == len(self.model.senders)
                self.client_ids.append((sender, name, result.message.seq))
            else:
                assert isinstance(result, PairlyError) and result.code == "insufficient_credits"

    @rule(data=st.data())
    def send_again(self, data: Any) -> None:
        """The same client ids: the same messages, no charge."""
        if not self.client_ids:
            return
        again = data.draw(st.lists(st.sampled_from(self.client_ids), min_size=1, max_size=3))
        results = self._send([(sender, name) for sender, name, _seq in again])
        assert [result.message.seq for result in results] == [seq for *_, seq in again]
        assert all(result.repeated for result in results)

    @rule(wanted=marks)
    def receipts(self, wanted: list[tuple[int, int | None, int]]) -> None:
        """A batch of watermarks, forwards, backwards and beyond the end."""
        requests = [
            check_receipt(
                user_id=self.people[who],
                conversation_id=self.conversation_id,
                delivered_seq=delivered,
                read_seq=read,
            )
            for who, delivered, read in wanted
        ]
        results = run_atomic(lambda: update_receipts(requests))
        newest = len(self.model.senders)
        for (who, delivered, read), result in zip(wanted, results, strict=True):
            side = self.model.sides[who]
            if max(delivered or 0, read) > newest:
                assert isinstance(result, PairlyError) and result.code == "validation_error"
                continue
            side.read = max(side.read, read)
            side.delivered = max(side.delivered, delivered or 0, read)
            assert isinstance(result, ReceiptResult)
            assert (result.receipt.delivered_seq, result.receipt.read_seq) == (
                side.delivered,
                side.read,
            )
            assert result.receipt.unread == self.model.unread(who)

    @invariant()
    def both_see_what_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        for who in (0, 1):
            me, user_id = self.model.sides[who], self.people[who]
            peer = self.model.sides[1 - who]
            view = view_for(user_id, self.conversation_id)
            assert view.last_seq == len(self.model.senders)
            assert (view.my_delivered_seq, view.my_read_seq) == (me.delivered, me.read)
            assert (view.peer_delivered_seq, view.peer_read_seq) == (peer.delivered, peer.read)
            assert view.unread == self.model.unread(who)
            assert wallet_of(user_id).available == me.credits

    def teardown(self) -> None:
        """Numbers without gaps, and logs that tell the same story to both."""
        if not hasattr(self, "model"):
            return
        conversation = conversation_for(self.people[0], self.conversation_id)
        rows = messages_for(self.people[0], conversation, before_seq=None, after_seq=0, limit=1000)
        assert [row.seq for row in rows] == list(range(1, len(self.model.senders) + 1))
        for who in (0, 1):
            log = catch_up(self.people[who], 0)
            assert [event.position for event in log.events] == list(range(1, len(log.events) + 1))
            told = [orjson.loads(event.data) for event in log.events]
            seqs = [data["message"]["seq"] for data in told if "message" in data]
            assert seqs == [row.seq for row in rows]
            marks_told = [
                (data["delivered_seq"], data["read_seq"])
                for data in told
                if data.get("user_id") == str(self.people[1 - who])
            ]
            assert marks_told == sorted(marks_told)

    def _send(self, wishes: list[tuple[int, str]]) -> list[Any]:
        requests = [
            check_send(
                sender_id=self.people[who],
                client_id=name,
                kind="text",
                text=f"from {who}",
                conversation_id=self.conversation_id,
                to_user_id=None,
                reply_to_id=None,
            )
            for who, name in wishes
        ]
        return run_atomic(lambda: send_messages(requests))


@pytest.mark.mongodb
def test_conversations_follow_the_model() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Conversation,
        settings=hypothesis_settings(
            max_examples=examples(small=15, ci=60, torture=2000),
            stateful_step_count=20,
            deadline=None,
        ),
    )
