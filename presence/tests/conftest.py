from collections.abc import Iterator
from typing import Any

import pytest
import time_machine


@pytest.fixture
def scene(live_server_url: str) -> Iterator[Any]:
    from presence.tests.scene import Scene

    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as traveller:
        made = Scene(live_server_url, traveller)
        yield made
        made.close()
