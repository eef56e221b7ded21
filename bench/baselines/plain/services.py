"""The two writes of the plain way, each one transaction."""

import uuid
from typing import Any

from django.db import transaction
from django.db.models import F

from bench.baselines.plain.models import Account, Conversation, Entry, Message, Receipt

__all__ = ["HOUSE", "create_users", "mark_delivered", "send_message"]

HOUSE = uuid.UUID(int=0)
PRICE = 1


def create_users(count: int, credits: int) -> list[str]:
    """Wallets filled, and the house; their ids as text."""
    Account.objects.get_or_create(id=HOUSE)
    accounts = [Account(balance=credits) for _ in range(count)]
    Account.objects.bulk_create(accounts)
    return [str(account.id) for account in accounts]


@transaction.atomic
def send_message(sender_id: str, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Store and charge one message; the receiver's id, and the message as the wire has it."""
    conversation = _conversation(sender_id, data)
    conversation.last_seq += 1
    conversation.save(update_fields=["last_seq"])
    message = Message.objects.create(
        conversation=conversation,
        seq=conversation.last_seq,
        sender_id=uuid.UUID(sender_id),
        client_id=data["client_id"],
        text=data["text"],
        price=PRICE,
    )
    _charge(message)
    both = {str(conversation.first_id), str(conversation.second_id)}
    return (both - {sender_id}).pop(), _wire_form(message)


@transaction.atomic
def mark_delivered(user_id: str, conversation_id: str, delivered_seq: int) -> str:
    """Store the receipt; the id of who wants to know."""
    Receipt.objects.update_or_create(
        conversation_id=uuid.UUID(conversation_id),
        user_id=uuid.UUID(user_id),
        defaults={"delivered_seq": delivered_seq},
    )
    conversation = Conversation.objects.get(id=conversation_id)
    both = {str(conversation.first_id), str(conversation.second_id)}
    return (both - {user_id}).pop()


def _conversation(sender_id: str, data: dict[str, Any]) -> Conversation:
    if "conversation_id" in data:
        return Conversation.objects.get(id=data["conversation_id"])
    first, second = sorted((uuid.UUID(sender_id), uuid.UUID(data["to_user_id"])))
    return Conversation.objects.get_or_create(first_id=first, second_id=second)[0]


def _charge(message: Message) -> None:
    payer = Account.objects.filter(id=message.sender_id, balance__gte=PRICE)
    if payer.update(balance=F("balance") - PRICE) != 1:
        raise ValueError("insufficient credits")
    Account.objects.filter(id=HOUSE).update(balance=F("balance") + PRICE)
    Entry.objects.create(account_id=message.sender_id, message=message, amount=-PRICE)
    Entry.objects.create(account_id=HOUSE, message=message, amount=PRICE)


def _wire_form(message: Message) -> dict[str, Any]:
    return {
        "id": str(message.id),
        "conversation_id": str(message.conversation_id),
        "seq": message.seq,
        "sender_id": str(message.sender_id),
        "client_id": message.client_id,
        "kind": "text",
        "text": message.text,
        "price": message.price,
        "created_at": message.created_at.isoformat(),
    }
