"""How much a test tries: little at the desk, more in CI, all night under torture.

Where a story is told in several ways, the desk hears one of them and CI all.
"""

import os

SIZES = ("small", "ci", "torture")


def examples(*, small: int, ci: int, torture: int) -> int:
    """The number for ``PAIRLY_TEST_SIZE``, which is one of small (default), ci, torture."""
    return {"small": small, "ci": ci, "torture": torture}[_size()]


def servers() -> tuple[str, ...]:
    """Under which servers to tell a story. The desk takes one, another on each database."""
    if _size() != "small":
        return ("daphne", "uvicorn")
    return ("uvicorn",) if os.environ.get("PAIRLY_TEST_DATABASE") == "mongodb" else ("daphne",)


def methods() -> tuple[str, ...]:
    """With which methods to walk over all addresses: the desk looks and writes once."""
    return ("GET", "POST") if _size() == "small" else ("GET", "POST", "PUT", "PATCH", "DELETE")


def is_small() -> bool:
    return _size() == "small"


def is_torture() -> bool:
    return _size() == "torture"


def _size() -> str:
    size = os.environ.get("PAIRLY_TEST_SIZE", "small")
    if size not in SIZES:
        raise ValueError(f"PAIRLY_TEST_SIZE is {size!r}; it must be one of {', '.join(SIZES)}")
    return size
