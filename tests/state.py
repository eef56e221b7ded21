"""What a client keeps, read from the server and carried on by events alone."""

from collections.abc import Callable

from tests.clients import Json, Person

__all__ = ["State", "as_kept"]


def as_kept(frames: list[Json], taken_back: set[str]) -> list[Json]:
    """Frames as the log has them in the end: a message that was taken back, or hidden, is empty in
    all that was told of it before."""
    gone = set(taken_back)
    kept: list[Json] = []
    for frame in reversed(frames):
        data = frame["data"]
        emptied = {
            name: data[name] | {"text": "", "attachments": []}
            for name in ("message", "last_message")
            if data.get(name) and data[name]["id"] in gone
        }
        kept.append(frame | {"data": data | emptied})
        if frame["type"] == "message.deleted" and data["for"] == "staff":
            gone.add(data["message_id"])
    return kept[::-1]


class State:
    """What a client keeps: conversations, most recent first, calls, the wallet, what staff told,
    and notifications.

    With ``chats_alone`` it takes for granted that there are no calls and staff told nothing.
    """

    def __init__(self, person: Person, *, chats_alone: bool = False) -> None:
        self._person = person
        self.conversations: dict[str, Json] = {
            row["id"]: row
            for archived in ("false", "true")
            for row in person.all_of(f"conversations?archived={archived}")
        }
        self.messages: dict[str, Json] = {
            message["id"]: message
            for conversation_id in self.conversations
            for message in person.all_of(f"conversations/{conversation_id}/messages?after_seq=0")
        }
        calls = [] if chats_alone else person.all_of("calls")
        self.calls: dict[str, Json] = {row["id"]: row for row in calls}
        self.wallet = person.wallet()
        self.notices: list[Json] = [] if chats_alone else person.all_of("moderation/notices")
        self.notifications: list[Json] = person.all_of("notifications")
        self.unread: int = person.call("GET", "notifications/unread-count")["count"]

    def as_lists(self) -> tuple[object, ...]:
        """Of the other of a conversation who it is: what people write of themselves, and that it
        is not shown under a block, no event tells."""
        rows = [
            row | {"peer": {name: row["peer"][name] for name in ("id", "display_name")}}
            for row in self.conversations.values()
        ]
        rows.sort(key=lambda c: (c["updated_at"], c["id"]), reverse=True)
        told = (self.notices, self.notifications, self.unread)
        return rows, self.messages, self.calls, self.wallet, *told

    def apply(self, event: Json) -> None:
        handler: Callable[[Json], None] = getattr(self, f"_on_{event['type'].replace('.', '_')}")
        handler(event["data"])

    def _on_message_new(self, data: Json) -> None:
        message = data["message"]
        conversation_id = message["conversation_id"]
        conversation = self.conversations.get(conversation_id)
        if conversation is None:
            conversation = self._new_conversation(conversation_id, data["peer_id"])
        conversation |= {
            "last_seq": message["seq"],
            "last_message": message,
            "updated_at": message["created_at"],
            "archived": False,
        }
        self.messages[message["id"]] = message
        if message["sender_id"] != self._person.id:
            conversation["unread"] += 1
        self.wallet = data.get("wallet", self.wallet)

    def _on_message_updated(self, data: Json) -> None:
        self._replace(data["message"])

    def _on_message_deleted(self, data: Json) -> None:
        conversation = self.conversations[data["conversation_id"]]
        conversation["unread"] = data["unread"]
        if data["for"] == "both":
            self._replace(data["message"])
        else:
            del self.messages[data["message_id"]]
        if "last_message" in data:
            conversation["last_message"] = data["last_message"]

    def _on_message_restored(self, data: Json) -> None:
        message = data["message"]
        conversation = self.conversations[message["conversation_id"]]
        conversation["unread"] = data["unread"]
        self.messages[message["id"]] = message
        if "last_message" in data:
            conversation["last_message"] = data["last_message"]

    def _replace(self, message: Json) -> None:
        """A message as it is now, wherever it stands."""
        self.messages[message["id"]] = message
        conversation = self.conversations[message["conversation_id"]]
        if conversation["last_message"]["id"] == message["id"]:
            conversation["last_message"] = message

    def _on_conversation_updated(self, data: Json) -> None:
        conversation = self.conversations[data["conversation_id"]]
        conversation |= {name: data[name] for name in ("muted", "archived")}

    def _on_receipt_updated(self, data: Json) -> None:
        conversation = self.conversations[data["conversation_id"]]
        mine = data["user_id"] == self._person.id
        side = "my" if mine else "peer"
        conversation[f"{side}_delivered_seq"] = data["delivered_seq"]
        conversation[f"{side}_read_seq"] = data["read_seq"]
        if mine:
            conversation["unread"] = data["unread"]

    def _on_moderation_decided(self, data: Json) -> None:
        self.notices.insert(0, data)

    def _on_notification_new(self, data: Json) -> None:
        others = [one for one in self.notifications if one["id"] != data["replaces_id"]]
        self.notifications = [data["notification"], *others]
        self.unread = data["unread"]

    def _on_notification_unread(self, data: Json) -> None:
        self.unread, up_to = data["count"], data["read_up_to"] or ""
        for one in self.notifications:
            is_read = one["id"] in data["read_ids"] or one["id"] <= up_to
            if is_read and one["read_at"] is None:
                one["read_at"] = data["at"]
        gone = data["deleted_ids"]
        self.notifications = [one for one in self.notifications if one["id"] not in gone]

    def _on_wallet_updated(self, data: Json) -> None:
        self.wallet = data

    def _on_call_incoming(self, data: Json) -> None:
        self.calls[data["call"]["id"]] = data["call"] | {"peer": data["caller"]}

    def _on_call_state(self, data: Json) -> None:
        call = data["call"]
        known = self.calls.get(call["id"])
        peer = known["peer"] if known else self._peer_of(call)
        self.calls[call["id"]] = call | {"peer": peer}

    def _on_call_charged(self, data: Json) -> None:
        self.calls[data["call_id"]]["credits"] += data["credits"]

    def _on_call_balance_low(self, data: Json) -> None:
        """A notice of the moment; it changes nothing that is kept."""
        assert data["call_id"] in self.calls

    def _on_call_ended(self, data: Json) -> None:
        self._on_call_state(data)
        assert (data["credits"], data["seconds"]) == (
            data["call"]["credits"],
            data["call"]["billed_seconds"],
        )

    def _peer_of(self, call: Json) -> Json:
        mine = call["caller_id"] == self._person.id
        other_id = call["callee_id"] if mine else call["caller_id"]
        peer: Json = self._person.call("GET", f"calls/{call['id']}")["peer"]
        assert peer["id"] == other_id
        return peer

    def _on_conversation_opened(self, data: Json) -> None:
        made = self._new_conversation(data["conversation_id"], data["peer_id"])
        made["updated_at"] = data["opened_at"]

    def _new_conversation(self, conversation_id: str, peer_id: str) -> Json:
        """Nothing in it yet. Who the other is, it tells also when there is a block by now."""
        counters = ("last_seq", "unread")
        marks = ("my_delivered_seq", "my_read_seq", "peer_delivered_seq", "peer_read_seq")
        made: Json = {
            "id": conversation_id,
            "peer": self._person.call("GET", f"conversations/{conversation_id}")["peer"],
            "last_message": None,
            "muted": False,
            "archived": False,
        } | dict.fromkeys((*counters, *marks), 0)
        assert made["peer"]["id"] == peer_id
        self.conversations[conversation_id] = made
        return made
