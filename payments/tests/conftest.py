import pytest

from pairly.core import signing


@pytest.fixture(autouse=True)
def fresh_heads() -> None:
    """Heads outlive a database on purpose; each test here has a database of its own."""
    for file in signing.head_files():
        file.path.unlink(missing_ok=True)
