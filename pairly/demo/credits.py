"""Steps about credits: too few of them, and books that add up."""

import time

from pairly.demo.chat import text_message
from pairly.demo.clients import Json, Refused, Socket
from pairly.demo.story import CheckFailed, Story, expect, expect_refusal

__all__ = ["add_up", "refuse_without_credits", "send_patiently", "spend_all"]

SENDS_MAX = 500


def spend_all(story: Story) -> str:
    """Ava writes until her credits are gone"""
    left, sent = story.ava.wallet()["available"], 0
    while left and sent < SENDS_MAX:
        wish = text_message(story.conversation_id, f"Message {sent}")
        wallet = send_patiently(story.ava_socket, wish)
        left, sent = wallet["available"], sent + 1
    expect(
        story.ava.wallet(),
        {"balance": 0, "held": 0, "available": 0, "debt": 0, "frozen": False},
        "the wallet",
    )
    return f"{sent} messages, 0 credits left"


def send_patiently(socket: Socket, wish: Json) -> Json:
    """Send, waiting as long as the server asks when it is too fast; the wallet afterwards."""
    while True:
        try:
            wallet: Json = socket.command("message.send", wish)["wallet"]
            return wallet
        except Refused as refusal:
            if refusal.code != "rate_limited":
                raise
            time.sleep(refusal.error.get("retry_after_seconds", 1))


def refuse_without_credits(story: Story) -> str:
    """Without credits a message is refused, over the socket and over REST"""
    path = f"conversations/{story.conversation_id}"
    last_seq = story.ava.call("GET", path)["last_seq"]
    wish = text_message(story.conversation_id, "One too many")
    expect_refusal("insufficient_credits", story.ava_socket.command, "message.send", wish)
    del wish["conversation_id"]
    refusal = expect_refusal(
        "insufficient_credits", story.ava.call, "POST", f"{path}/messages", wish
    )
    expect(refusal.status, 402, "status over REST")
    expect(story.ava.call("GET", path)["last_seq"], last_seq, "the newest sequence number")
    return f"{refusal.status} {refusal.code}"


def add_up(story: Story) -> str:
    """Wallet and transactions add up for both, to the message"""
    seen = []
    messages = _all_messages(story)
    for name, person in (("Ava", story.ava), ("Ben", story.ben)):
        transactions = person.all_of("wallet/transactions")
        total = sum(row["credits"] for row in transactions)
        wallet = person.wallet()
        expect(total, wallet["balance"], f"sum of {name}'s transactions against the balance")
        prices = sum(m["price"] for m in messages if m["sender_id"] == person.id)
        expect(wallet["balance"], story.bonus - prices, f"{name}'s bonus less what was written")
        seen.append(f"{name} {len(transactions)} rows = {total}")
    return ", ".join(seen)


def _all_messages(story: Story) -> list[Json]:
    """Every message of the conversation, checked to be numbered without a gap: as Ava sees it,
    who deleted none for herself."""
    path = f"conversations/{story.conversation_id}/messages?after_seq=0&limit=100"
    messages = story.ava.all_of(path)
    if [m["seq"] for m in messages] != list(range(1, len(messages) + 1)):
        raise CheckFailed("the sequence numbers have a gap or a double")
    return messages
