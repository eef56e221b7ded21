"""Close codes of sockets, and what a socket may be refused for."""

from enum import IntEnum

__all__ = ["CloseCode"]


class CloseCode(IntEnum):
    """Why a socket was closed. ``SIGN_IN_AGAIN`` and ``FORBIDDEN`` are final; after any other
    the client connects again, with jitter."""

    RESTART = 4012
    BAD_FRAME = 4400
    SIGN_IN_AGAIN = 4401
    FORBIDDEN = 4403
    SILENT = 4408
    TOO_MANY_DEVICES = 4409
    FRAME_TOO_BIG = 4413
    TOO_FAST = 4429
