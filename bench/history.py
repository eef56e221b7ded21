"""A long history behind the people of a template, written by what writes it in production.

``python -m bench.history COUNT PEOPLE.JSON`` sends COUNT messages between the pairs, the sends
of thousands in one commit: messages, charges, receipts, event logs and seals are then what so
many sends would have left, and the ledger verifies over them.
"""

import gc
import json
import sys
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import django

from bench.contestants import pairly_environment, run_python
from bench.pairs import TEXT

__all__ = ["add_history"]

MESSAGES_PER_COMMIT = 10_000

Pair = tuple[uuid.UUID, uuid.UUID]


def add_history(folder: Path, count: int) -> None:
    """Give the people of the template that many messages, spread over their pairs.

    The incremental verification and analytics then have seen them, as after some minutes of any
    server's life; else the server under test would spend its first minutes on that.
    """
    environment = pairly_environment(folder)
    run_python(["-m", "bench.history", str(count), str(folder / "people.json")], environment)
    run_python(["manage.py", "verify_ledger", "--incremental"], environment)


def main() -> None:
    count = int(sys.argv[1])
    ids = [uuid.UUID(user["id"]) for user in json.loads(Path(sys.argv[2]).read_text())]
    django.setup()
    gc.disable()  # it would look through every row of a commit again and again
    from analytics.models import Progress
    from analytics.services.messages import MESSAGES
    from pairly.core import clock
    from pairly.core.ids import new_id
    from pairly.outbox.models import OutboxEvent
    from payments.ledger.sealing import seal_waiting

    for commit in _commits(list(zip(ids[::2], ids[1::2], strict=True)), count):
        _send(commit)
    seal_waiting(clock.now())
    Progress.objects.create(pk=MESSAGES, last_id=new_id())
    # Whom these messages found away was told of them long ago.
    OutboxEvent.objects.filter(state=OutboxEvent.State.PENDING).delete()


def _commits(pairs: Sequence[Pair], count: int) -> Iterator[list[Pair]]:
    """Who writes to whom, the pairs taking turns, in portions."""
    for start in range(0, count, MESSAGES_PER_COMMIT):
        end = min(start + MESSAGES_PER_COMMIT, count)
        yield [pairs[number % len(pairs)] for number in range(start, end)]


def _send(commit: Sequence[Pair]) -> None:
    """One commit of messages, and one of everybody's receipts for them."""
    from messaging.services.messages import send_messages
    from messaging.services.receipts import check_receipt, update_receipts
    from messaging.services.send_requests import check_send
    from pairly.core.db import run_atomic

    sends = [
        check_send(
            sender_id=sender,
            client_id=str(uuid.uuid4()),
            kind="text",
            text=TEXT,
            conversation_id=None,
            to_user_id=receiver,
            reply_to_id=None,
        )
        for sender, receiver in commit
    ]
    results = _all_good(run_atomic(lambda: send_messages(sends)))
    newest = {pair: result.message for pair, result in zip(commit, results, strict=True)}
    receipts = [
        check_receipt(
            user_id=receiver,
            conversation_id=message.conversation_id,
            delivered_seq=None,
            read_seq=message.seq,
        )
        for (_sender, receiver), message in newest.items()
    ]
    _all_good(run_atomic(lambda: update_receipts(receipts)))


def _all_good(results: Sequence[Any]) -> Sequence[Any]:
    """Raises the first refusal."""
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results


if __name__ == "__main__":
    main()
