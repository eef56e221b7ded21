"""Delivered and read watermarks. Delivered is a device's word, read a person's; both only grow."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from messaging.conversations import NONE, ConversationBatch, ConversationState, Side
from messaging.events import ConversationRead
from messaging.models import Hidden, Message
from messaging.schemas import ReceiptData
from pairly.accounts.selectors import hides_read_receipts
from pairly.core import clock
from pairly.core.errors import PairlyError, ValidationFailed
from pairly.outbox.services import emit
from pairly.realtime.frames import Origin, to_json
from pairly.realtime.services import Append, append

__all__ = ["ReceiptResult", "UpdateReceipt", "check_receipt", "update_receipts"]


class UpdateReceipt(msgspec.Struct, frozen=True):
    """A checked wish to move watermarks; build it with ``check_receipt``."""

    user_id: UUID
    conversation_id: UUID
    delivered_seq: int
    read_seq: int
    origin: Origin | None = None


class ReceiptResult(msgspec.Struct):
    """Where the person stands now. ``position`` is None when nothing grew, or when a later
    request of the same batch covers this one."""

    receipt: ReceiptData
    ack: str
    position: int | None = None


def check_receipt(
    *,
    user_id: UUID,
    conversation_id: UUID,
    delivered_seq: int | None,
    read_seq: int | None,
    origin: Origin | None = None,
) -> UpdateReceipt:
    """Raises ``ValidationFailed`` when neither watermark is given. Read implies delivered."""
    if delivered_seq is None and read_seq is None:
        raise ValidationFailed.of(
            "delivered_seq", "required", "Give delivered_seq, read_seq or both."
        )
    read = read_seq or 0
    return UpdateReceipt(user_id, conversation_id, max(delivered_seq or 0, read), read, origin)


def update_receipts(requests: Sequence[UpdateReceipt]) -> list[ReceiptResult | PairlyError]:
    """Move watermarks forward and tell both people; what would move back changes nothing.

    Several requests of one person and conversation in a batch make one event, the last one's.
    Refusals: ``NotFound``, ``ValidationFailed`` for a number beyond the newest message.
    """
    now = clock.now()
    conversations = ConversationBatch(ids={request.conversation_id for request in requests})
    hiding = hides_read_receipts({request.user_id for request in requests})
    results: list[ReceiptResult | PairlyError] = []
    grown: dict[tuple[UUID, UUID], tuple[UpdateReceipt, ReceiptResult, bool]] = {}
    for request in requests:
        try:
            conversation = conversations.get_for(request.user_id, request.conversation_id)
            if request.delivered_seq > conversation.side_of(request.user_id).last_seq:
                raise ValidationFailed.of("delivered_seq", "invalid", "No such message yet.")
        except PairlyError as refusal:
            results.append(refusal)
            continue
        changed, shown = _advance(conversation, request, hides=request.user_id in hiding)
        result = _result(conversation, request, now)
        results.append(result)
        if changed:
            key = (request.conversation_id, request.user_id)
            earlier = grown.pop(key, None)
            grown[key] = (request, result, shown or (earlier is not None and earlier[2]))
            conversations.touch(conversation)
    conversations.write()
    _announce(list(grown.values()), conversations, now)
    emit(
        *(
            ConversationRead(request.conversation_id, request.user_id)
            for request, result, _shown in grown.values()
            if request.read_seq and not result.receipt.unread
        )
    )
    return results


def _advance(
    conversation: ConversationState, request: UpdateReceipt, *, hides: bool
) -> tuple[bool, bool]:
    """Grow the person's watermarks. Whether anything grew, and whether the other may see it."""
    side = conversation.side_of(request.user_id)
    before = (side.delivered_seq, side.read_seq)
    side.delivered_seq = max(side.delivered_seq, request.delivered_seq)
    if request.read_seq > side.read_seq:
        side.unread = _unread_after(conversation, request, side.read_seq, side.unread)
        side.read_seq = request.read_seq
    grown = (side.delivered_seq, side.read_seq) != before
    peer = conversation.side_of(conversation.peer_of(request.user_id))
    if not grown or conversation.blocked or peer.folder == NONE:
        return grown, False
    return True, _show(side, read=side.read_seq > before[1] and not hides)


def _show(side: Side, *, read: bool) -> bool:
    """Let the other see where this side stands; whether that is news."""
    before = (side.shown_delivered_seq, side.shown_read_seq)
    side.shown_delivered_seq = side.delivered_seq
    if read:
        side.shown_read_seq = side.read_seq
    return (side.shown_delivered_seq, side.shown_read_seq) != before


def _unread_after(
    conversation: ConversationState, request: UpdateReceipt, read_before: int, unread: int
) -> int:
    """Nearly always it follows from the numbers: all is read, or all above ``read_before`` was
    unread. Else what was read is counted, so the cost follows what is read and not the history.
    """
    last_seq = conversation.side_of(request.user_id).last_seq
    if not unread or request.read_seq == last_seq:
        return 0
    if unread == last_seq - read_before:
        return last_seq - request.read_seq
    read_now = Message.objects.filter(
        conversation_id=conversation.id,
        seq__gt=read_before,
        seq__lte=request.read_seq,
        sender_id=conversation.peer_of(request.user_id),
        deleted_at=None,
        hidden__in=Hidden.visible_to(conversation.flag_of(request.user_id)),
    ).count()
    return max(0, unread - read_now)


def _result(
    conversation: ConversationState, request: UpdateReceipt, now: datetime
) -> ReceiptResult:
    side = conversation.side_of(request.user_id)
    receipt = ReceiptData(
        conversation_id=conversation.id,
        user_id=request.user_id,
        delivered_seq=side.delivered_seq,
        read_seq=side.read_seq,
        at=clock.to_rfc3339(now),
        unread=side.unread,
    )
    return ReceiptResult(receipt, to_json(receipt))


def _announce(
    grown: Sequence[tuple[UpdateReceipt, ReceiptResult, bool]],
    conversations: ConversationBatch,
    now: datetime,
) -> None:
    events: list[Append] = []
    own: list[tuple[int, ReceiptResult]] = []
    for request, result, shown in grown:
        own.append((len(events), result))
        events.append(
            Append(request.user_id, "receipt.updated", result.ack, request.origin, result.ack)
        )
        if shown:
            conversation = conversations.get_for(request.user_id, request.conversation_id)
            peer_id = conversation.peer_of(request.user_id)
            side = conversation.side_of(request.user_id)
            seen = ReceiptData(
                conversation_id=conversation.id,
                user_id=request.user_id,
                delivered_seq=side.shown_delivered_seq,
                read_seq=side.shown_read_seq,
                at=result.receipt.at,
            )
            events.append(Append(peer_id, "receipt.updated", to_json(seen)))
    positions = append(events, now)
    for index, result in own:
        result.position = positions[index]
