"""Limits of the transport that both servers share."""

PING_SECONDS = 20
PING_TIMEOUT_SECONDS = 30
FRAME_BYTES_MAX = 1024 * 1024
"""Far above what the protocol allows, which answers a frame that is too big by itself."""
DIRECT_FRAME_BYTES_MAX = 64 * 1024
"""What the protocol allows; the servers' parsers take what is longer."""
