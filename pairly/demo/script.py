"""The story, chapter by chapter. A new feature is a step here: one function, its title above it."""

from pairly.demo import (
    calls,
    chat,
    credits,
    ledger,
    notifications,
    people,
    pictures,
    purchases,
    safety,
)
from pairly.demo.story import Chapter

__all__ = ["CHAPTERS"]

CHAPTERS: tuple[Chapter, ...] = (
    (
        "People",
        (
            people.read_configuration,
            people.refuse_role,
            people.register,
            people.sign_in_again,
            people.find_each_other,
            people.open_sockets,
            people.use_ticket_once,
        ),
    ),
    (
        "Chat",
        (
            chat.open_conversation,
            chat.show_typing,
            chat.send_message,
            chat.read_receipts,
            chat.reply_over_rest,
            chat.resend,
            chat.refuse_other_content,
            chat.catch_up,
            chat.edit,
            chat.delete_for_oneself,
            chat.delete_for_both,
            chat.archive,
            pictures.send_picture,
            pictures.refuse_what_is_no_picture,
        ),
    ),
    (
        "Credits",
        (credits.spend_all, credits.refuse_without_credits, credits.add_up),
    ),
    (
        "Purchases",
        (
            purchases.see_packages,
            purchases.begin,
            purchases.pay,
            purchases.refuse_forged_webhooks,
        ),
    ),
    (
        "Notifications",
        (
            notifications.tell_who_is_away,
            notifications.read_on_one_device,
            notifications.choose,
        ),
    ),
    (
        "Calls",
        (
            calls.ring_and_answer,
            calls.pay_and_run_low,
            calls.refuse_busy,
            calls.hang_up,
            calls.refuse_without_a_minute,
            calls.call_each_other,
        ),
    ),
    (
        "Ledger",
        (ledger.prove_transactions, ledger.see_through_forgery, ledger.refuse_proof_to_others),
    ),
    (
        "Safety",
        (
            safety.refuse_bad_frames,
            safety.refuse_bad_requests,
            safety.block,
            safety.refuse_forbidden_words,
            safety.report,
            safety.sign_out,
            safety.leave,
        ),
    ),
)
