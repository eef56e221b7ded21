"""Every operation of the OpenAPI document, asked for what its schema allows and what it forbids.

Schemathesis makes up the requests and reads the answers: nothing breaks, and every answer, refusals
too, is one that the document describes.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from messaging.models import Message
from pairly.accounts.models import Device
from pairly.accounts.tests.callers import PASSWORD, login
from pairly.alerts.models import Alert
from pairly.moderation.models import Case
from pairly.outbox.models import OutboxEvent
from pairly.schema import openapi_document
from pairly.staff.tests.full import fill
from pairly.staff.tests.people import new_staff, staff_api
from pairly.wsgi import application
from tests.sizes import examples, is_small

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
PROBLEM = "application/problem+json"
STAFF = "/api/v1/staff/"
SignIn = Callable[[], str]


@dataclass
class Scene:
    """Ava and Ben have a conversation of one message; staff have something to look at. ``ids`` are
    the parts of addresses that lead somewhere, by the names that the document gives them."""

    member: SignIn
    staff: SignIn
    ids: dict[str, str]


@pytest.fixture
def scene(join: Any, guest: Any, settings: Any) -> Scene:
    settings.JOBS_START = f"{__name__}.start_nothing"
    fill(new_staff("superadmin"), more=3)
    ava, ben = join("Ava"), join("Ben")
    conversation = ava.api.post("conversations", user_id=ben.id).json()["id"]
    sent = {"client_id": "1", "kind": "text", "text": "hello"}
    assert ava.api.post(f"conversations/{conversation}/messages", **sent).status_code == 201
    return Scene(
        member=lambda: str(login(guest, ava.email, PASSWORD).json()["token"]),
        staff=lambda: token_of(staff_api("superadmin")),
        ids={
            "user_id": ben.id,
            "conversation_id": conversation,
            "message_id": str(Message.objects.get().pk),
            "device_id": str(Device.objects.get(user_id=ben.id).pk),
            "alert_id": str(Alert.objects.all()[0].pk),
            "case_id": str(Case.objects.all()[0].pk),
            "event_id": str(OutboxEvent.objects.all()[0].pk),
        },
    )


def start_nothing(name: str) -> None:
    """Stands in for what runs a job in a thread."""


def token_of(api: Any) -> str:
    return str(api._credentials["HTTP_AUTHORIZATION"]).removeprefix("Bearer ")


def operations() -> Iterator[Any]:
    document = copy.deepcopy(openapi_document())
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig())
    schema.app = application
    found: Any
    for found in schema.get_all_operations():
        yield found.ok()


def requests_of(operation: Any, ids: dict[str, str]) -> st.SearchStrategy[Any]:
    """Allowed ones to what there is, and forbidden ones."""
    known = {one.name: ids[one.name] for one in operation.path_parameters if one.name in ids}
    return st.one_of(
        operation.as_strategy(path_parameters=known or None),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )


class Caller:
    """Asks as one person, who signs in again whenever an operation has ended the sign-in."""

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in
        self._token = sign_in()

    def ask(self, case: Any) -> None:
        """Raises schemathesis' ``FailureGroup`` or ``AssertionError`` on a wrong answer."""
        answer = self._call(case)
        if answer.status_code == 401:
            self._token = self._sign_in()
            answer = self._call(case)
        case.validate_response(answer, checks=CHECKS)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == [PROBLEM]
            assert answer.json()["trace_id"] == answer.headers["x-request-id"][0]

    def _call(self, case: Any) -> Any:
        return case.call(headers={"Authorization": f"Bearer {self._token}"})


def drive(operation: Any, caller: Caller, ids: dict[str, str]) -> None:
    @hypothesis.settings(
        max_examples=examples(small=2, ci=10, torture=100),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(requests_of(operation, ids))
    def try_all(case: Any) -> None:
        caller.ask(case)

    try_all()


@pytest.mark.parametrize("who", ["member", "staff"])
def test_the_api_answers_everything_as_its_document_says(scene: Scene, who: str) -> None:
    caller = Caller(getattr(scene, who))
    wrong = []
    for operation in operations():
        if is_small() and operation.path.startswith(STAFF) is (who == "member"):
            continue  # the walks show that these are closed, or that both are answered alike
        try:
            drive(operation, caller, scene.ids)
        except (FailureGroup, Exception) as error:
            found = getattr(error, "exceptions", [error])
            wrong.append("\n".join([operation.label, *map(str, found)]))
    assert not wrong, "\n\n".join(wrong)
