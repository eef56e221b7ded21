"""The writes of accounts. Each function is one transaction."""

from pairly.accounts.services.deletion import delete_account
from pairly.accounts.services.devices import (
    Origin,
    end_device,
    end_devices,
    issue_socket_ticket,
    open_devices,
    redeem_socket_ticket,
    touch_devices,
)
from pairly.accounts.services.email_codes import request_email_code, verify_email
from pairly.accounts.services.passwords import (
    change_password,
    request_password_reset,
    reset_password,
)
from pairly.accounts.services.people import (
    NewUser,
    create_user,
    create_users,
    register,
    update_profile,
)
from pairly.accounts.services.photos import set_photo
from pairly.accounts.services.safety import (
    block,
    report,
    settle_reports,
    time_to_decide,
    unblock,
)
from pairly.accounts.services.sign_ins import SignedIn, sign_in
from pairly.accounts.services.staff import create_staff, give_role, sync_roles, take_role
from pairly.accounts.services.standing import (
    restore_user,
    restrict_user,
    suspend_user,
    unrestrict_user,
)
from pairly.accounts.services.support import (
    add_note,
    end_sign_in,
    end_sign_ins,
    unlock_sign_in,
)
from pairly.accounts.services.takedown import remove_photo, remove_profile_text

__all__ = [
    "NewUser",
    "Origin",
    "SignedIn",
    "add_note",
    "block",
    "change_password",
    "create_staff",
    "create_user",
    "create_users",
    "delete_account",
    "end_device",
    "end_devices",
    "end_sign_in",
    "end_sign_ins",
    "give_role",
    "issue_socket_ticket",
    "open_devices",
    "redeem_socket_ticket",
    "register",
    "report",
    "request_email_code",
    "request_password_reset",
    "reset_password",
    "remove_photo",
    "remove_profile_text",
    "restore_user",
    "restrict_user",
    "set_photo",
    "settle_reports",
    "sign_in",
    "suspend_user",
    "sync_roles",
    "take_role",
    "time_to_decide",
    "touch_devices",
    "unblock",
    "unlock_sign_in",
    "unrestrict_user",
    "update_profile",
    "verify_email",
]
