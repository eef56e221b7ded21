"""What accounts refuse."""

from pairly.core.errors import Conflict, NotAuthenticated, PairlyError, PermissionDenied

__all__ = [
    "AccountSuspended",
    "AlreadyVerified",
    "EmailTaken",
    "LastSuperadmin",
    "PhotoTooLarge",
    "PhotoTypeUnsupported",
    "SecondFactorMissing",
    "SecondFactorRequired",
    "TooManyBlocks",
    "WrongCredentials",
]


class WrongCredentials(NotAuthenticated):
    """The same for a wrong password and for an address that nobody has."""

    title = "E-mail or password is wrong."


class AccountSuspended(PermissionDenied):
    title = "This account is suspended."


class SecondFactorRequired(PermissionDenied):
    """Verify it on this sign-in (``POST auth/second-factor``), then ask again."""

    code = "second_factor_required"
    title = "Verify your second factor first."


class SecondFactorMissing(Conflict):
    title = "There is no second factor; enrol one first."


class EmailTaken(Conflict):
    title = "This e-mail address is in use."


class AlreadyVerified(Conflict):
    title = "This e-mail address is verified already."


class LastSuperadmin(Conflict):
    title = "The last superadmin cannot be removed."


class TooManyBlocks(Conflict):
    title = "You block too many people already."


class PhotoTooLarge(PairlyError):
    code = "payload_too_large"
    status = 413
    title = "The photo is too large."


class PhotoTypeUnsupported(PairlyError):
    code = "unsupported_media_type"
    status = 415
    title = "The photo must be a JPEG, PNG or WebP image."
