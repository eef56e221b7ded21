"""What is asked often is answered by an index, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import QuerySet

from pairly.core import clock
from pairly.core.ids import new_id
from payments.intents.following import due_intents
from payments.intents.models import Intent, Observed
from payments.intents.selectors import find_intents, intents_of, intents_with_ref
from payments.intents.states import Status
from payments.tests.people import make_people
from payments.webhooks.decisions import replayable_dead
from payments.webhooks.models import Webhook
from payments.webhooks.processing import due_webhooks
from payments.webhooks.selectors import find_webhooks
from payments.webhooks.trimming import trimmable
from tests.explain import assert_uses_index

pytestmark = pytest.mark.mongodb

ROWS = 120


def fill() -> tuple[Intent, Webhook]:
    """Many rows of other people and states; one of each that is looked for."""
    now = clock.now()
    people = make_people(4)
    statuses, states = list(Status), list(Webhook.State)
    for number in range(ROWS):
        intent = Intent.objects.create(
            user_id=people[number % 4],
            package_id="small",
            credits=50,
            amount_minor=5000,
            currency="INR",
            provider=("stripe", "razorpay")[number % 2],
            provider_ref=f"ref_{number}",
            status=statuses[number % len(statuses)],
            expires_at=now,
            follow_up_at=now + timedelta(minutes=number) if number % 10 == 0 else None,
            created_at=now,
        )
        webhook = Webhook.objects.create(
            provider=intent.provider,
            event_id=f"evt_{number}",
            type="payment_intent.succeeded",
            body="{}",
            headers={},
            state=states[number % len(states)],
            due_at=now + timedelta(minutes=number),
            intent_id=intent.pk,
            created_at=now,
        )
        Observed(
            id=webhook.pk,
            intent=intent,
            source="webhook",
            status=intent.status,
            verdict=("applied", "ignored", "set_aside")[number % 3],
            observed_at=now,
            created_at=now,
        ).save()
    return intent, webhook


def test_hot_reads_and_staff_searches_use_their_indexes() -> None:
    intent, webhook = fill()
    now = clock.now() + timedelta(seconds=1)
    newest: list[QuerySet[Any]] = [
        intents_of(intent.user_id),
        Intent.objects.filter(status="failed"),
        Intent.objects.filter(provider="stripe"),
        Intent.objects.all(),
        Observed.objects.filter(verdict="set_aside"),
        Webhook.objects.filter(state="dead"),
        Webhook.objects.all(),
    ]
    for rows in newest:
        assert_uses_index(rows.order_by("-id")[:10], documents_max=12)
    for rows in (
        due_intents(now, over=True),
        due_intents(now, over=False),
        due_webhooks("failed", now),
        replayable_dead(),
        trimmable("done", now),
        intents_with_ref(intent.provider, intent.provider_ref),
        find_intents(intent.provider_ref),
        find_intents(str(intent.pk)),
        find_webhooks(str(webhook.pk)),
        find_webhooks(str(intent.pk)),
        Observed.objects.filter(intent_id=intent.pk).order_by("created_at", "id"),
        Webhook.objects.filter(intent_id=intent.pk).order_by("id"),
    ):
        assert_uses_index(rows)
    assert not intents_of(new_id()).exists()


def test_find_webhooks_by_the_providers_id_seeks() -> None:
    _intent, webhook = fill()
    assert [one.pk for one in find_webhooks(webhook.event_id)] == [webhook.pk]
    assert_uses_index(find_webhooks(webhook.event_id))
