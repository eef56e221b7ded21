"""What staff decide about a message. Each joins the caller's transaction, which audits it."""

from datetime import datetime
from uuid import UUID

from messaging.attachments.claims import release_of
from messaging.conversations import ConversationState
from messaging.messages import NO_ATTACHMENTS, MessageBatch, MessageState
from messaging.models import Hidden, Message
from messaging.removal import counts_as_unread, empty_logs, vanish
from messaging.schemas import MessageRestoredData
from pairly.core.db import run_atomic
from pairly.realtime.frames import to_json
from pairly.realtime.services import Append, append
from payments.services import return_charges

__all__ = ["erase_message", "hide_message", "refund_message", "restore_message"]


def hide_message(*, message_id: UUID, now: datetime) -> bool:
    """Take a message out of both views; False if it was. Raises ``NotFound``."""

    def hide() -> bool:
        messages = MessageBatch([message_id])
        message, conversation = messages.find(message_id)
        if message.hidden & Hidden.STAFF:
            return False
        _hide(messages, message, conversation, now)
        return True

    return run_atomic(hide)


def _hide(
    messages: MessageBatch, message: MessageState, conversation: ConversationState, now: datetime
) -> None:
    events = []
    for user_id in _who_sees(message, conversation):
        data = vanish(messages, message, conversation, user_id, "staff")
        events.append(Append(user_id, "message.deleted", to_json(data)))
    message.hidden |= Hidden.STAFF
    messages.touch(message, conversation)
    messages.write()
    empty_logs(message, conversation)
    append(events, now)


def restore_message(*, message_id: UUID, now: datetime) -> bool:
    """Put back what staff had hidden, in its old place; False if it was not, or is erased. A
    message that one of the two deleted for themselves stays away from that one. Raises
    ``NotFound``."""

    def restore() -> bool:
        messages = MessageBatch([message_id])
        message, conversation = messages.find(message_id)
        if not message.hidden & Hidden.STAFF or message.is_erased:
            return False
        message.hidden &= ~Hidden.STAFF
        events = [
            Append(user_id, "message.restored", to_json(_put_back(message, conversation, user_id)))
            for user_id in _who_sees(message, conversation)
        ]
        messages.touch(message, conversation)
        messages.write()
        append(events, now)
        return True

    return run_atomic(restore)


def refund_message(*, message_id: UUID, now: datetime) -> int:
    """Give the sender back what the message cost, once for ever; the credits, 0 when it was free
    or had been refunded. Raises ``NotFound``."""

    def refund() -> int:
        messages = MessageBatch([message_id])
        message, conversation = messages.find(message_id)
        # The conversation's row keeps two refunds at once from both finding none.
        messages.touch(message, conversation)
        messages.write()
        charge = f"message:{message_id}"
        return return_charges(
            payer_id=message.sender_id,
            charges=[charge],
            operation=f"refund of {charge}",
            now=now,
        )

    return run_atomic(refund)


def erase_message(*, message_id: UUID, now: datetime) -> None:
    """Empty a message for ever and take it out of both views; its row stays, because the
    conversation counts it. Raises ``NotFound``."""

    def erase() -> None:
        messages = MessageBatch([message_id])
        message, conversation = messages.find(message_id)
        message.text, message.attachments = "", NO_ATTACHMENTS
        if message.hidden & Hidden.STAFF:
            messages.touch(message, conversation)
            messages.write()
            empty_logs(message, conversation)
        else:
            _hide(messages, message, conversation, now)
        release_of([message_id])

    run_atomic(erase)


def _who_sees(message: MessageState, conversation: ConversationState) -> list[UUID]:
    people = (conversation.first_id, conversation.second_id)
    return [one for one in people if message.shows_to(conversation.flag_of(one))]


def _put_back(
    message: MessageState, conversation: ConversationState, user_id: UUID
) -> MessageRestoredData:
    side = conversation.side_of(user_id)
    if counts_as_unread(message, conversation, user_id):
        side.unread += 1
    data = MessageRestoredData(message=message.view(), unread=side.unread)
    if side.last_message_id is None or _seq_of(side.last_message_id) < message.seq:
        side.last_message_id = message.id
        data.last_message = data.message
    return data


def _seq_of(message_id: UUID) -> int:
    return Message.objects.values_list("seq", flat=True).get(pk=message_id)
