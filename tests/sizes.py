"""How much a property test tries: little at the desk, more in CI, all night under torture."""

import os

SIZES = ("small", "ci", "torture")


def examples(*, small: int, ci: int, torture: int) -> int:
    """The number for ``PAIRLY_TEST_SIZE``, which is one of small (default), ci, torture."""
    return {"small": small, "ci": ci, "torture": torture}[_size()]


def is_torture() -> bool:
    return _size() == "torture"


def _size() -> str:
    size = os.environ.get("PAIRLY_TEST_SIZE", "small")
    if size not in SIZES:
        raise ValueError(f"PAIRLY_TEST_SIZE is {size!r}; it must be one of {', '.join(SIZES)}")
    return size
