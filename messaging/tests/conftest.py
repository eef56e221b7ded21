from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest

from messaging.tests.chat import Chat
from tests.clients import Person


@pytest.fixture
def chat(live_server_url: str) -> Iterator[Chat]:
    made = Chat(live_server_url)
    yield made
    made.close()


@pytest.fixture
def give() -> Callable[[Person, int], None]:
    """Give a person credits, as staff would."""
    from pairly.core import clock
    from pairly.core.db import run_atomic
    from payments.services import grant_credits

    def give_credits(person: Person, credits: int) -> None:
        run_atomic(
            lambda: grant_credits(
                owner_id=UUID(person.id),
                credits=credits,
                operation=f"grant:{uuid4()}",
                kind="grant",
                now=clock.now(),
                announce=False,
            )
        )

    return give_credits
