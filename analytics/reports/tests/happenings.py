"""Events that wait for their day's file, as reports find them in the database."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from analytics.models import Event
from analytics.registry import KINDS

__all__ = ["happened"]


def happened(user_id: UUID, name: str, at: datetime, **props: Any) -> None:
    Event.objects.create(
        id=uuid4(),
        user_id=user_id,
        name=name,
        at=at,
        props=json.dumps(props),
        activity=KINDS[name].activity,
        platform="web",
        pending_day=f"{at:%Y-%m-%d}",
    )
