"""Limits of the transport that both servers share."""

import resource

FRAME_BYTES_MAX = 1024 * 1024
"""Far above what the protocol allows, which answers a frame that is too big by itself."""
DIRECT_FRAME_BYTES_MAX = 64 * 1024
"""What the protocol allows; the servers' parsers take what is longer."""
BACKLOG_CONNECTIONS = 2048
"""So many may wait to be accepted: after a restart everybody knocks at once."""
OPEN_FILES_MAX = 1024 * 1024


def allow_many_sockets() -> None:
    """Let this process open as many files as the system permits: each socket is one, and shells
    and service managers begin with 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
