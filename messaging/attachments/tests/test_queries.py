"""What attachments ask often comes out of an index."""

from datetime import timedelta
from uuid import uuid4

import pytest

from messaging.attachments.models import Attachment
from messaging.tests.people import make_people
from pairly.core import clock
from pairly.core.db import run_atomic
from tests.explain import assert_uses_index

State = Attachment.State


@pytest.mark.mongodb
def test_reads_use_indexes() -> None:
    people, now = make_people(10, 0), clock.now()
    rows = [
        Attachment(
            owner_id=people[n % 10],
            state=State.CLAIMED if n % 20 else State.READY,
            message_id=uuid4() if n % 20 else None,
            kind="file",
            content_type="application/pdf",
            size_bytes=n,
            created_at=now - timedelta(minutes=n),
        )
        for n in range(400)
    ]
    run_atomic(lambda: Attachment.objects.bulk_create(rows))
    everything = Attachment.objects.all()
    day = everything.filter(owner_id=people[0], created_at__gt=now - timedelta(hours=1))
    assert_uses_index(day.order_by("-created_at")[:50])
    waiting = everything.filter(state=State.READY, created_at__lte=now - timedelta(hours=5))
    assert_uses_index(waiting[:200])
    assert_uses_index(everything.filter(owner_id=people[0], state=State.READY), documents_max=60)
    assert_uses_index(everything.filter(message_id__in=[rows[1].message_id]))
