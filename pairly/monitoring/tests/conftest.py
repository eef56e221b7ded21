"""Fixtures of what is watched."""

from payments.tests.conftest import fresh_heads

__all__ = ["fresh_heads"]
