"""The second factor: a code of an authenticator app (RFC 6238), or one of ten recovery codes."""
