"""One body for every refusal, an id on every answer, a limit on every body."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from rest_framework.test import APIClient

from pairly.core.bodies import LimitedBodies

VALID_ORDER = {"title": "Roses", "items": [{"at": "2026-01-31T12:00:00+01:00"}]}


@pytest.fixture(autouse=True)
def probes(settings: Any) -> None:
    settings.ROOT_URLCONF = "pairly.core.tests.probes"


@pytest.fixture
def client() -> APIClient:
    return APIClient(raise_request_exception=False)


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["code"] == code
    assert body["type"] == f"/api/docs/errors#{code}"
    assert body["title"]
    assert body["detail"]
    assert body["trace_id"] == answer["X-Request-ID"]
    return body


def test_errors_of_ours_django_and_rest_framework_have_one_body(client: APIClient) -> None:
    assert assert_problem(client.get("/api/raise/conflict"), 409, "conflict")["detail"] == (
        "Somebody was first."
    )
    assert_problem(client.get("/api/raise/absent"), 404, "not_found")
    assert_problem(client.get("/api/raise/suspicious"), 400, "validation_error")
    assert_problem(client.get("/api/nowhere"), 404, "not_found")
    for strange in ("/api/\x00/%00", "/api/%ff%fe", "/api/%2e%2e/x", "/api/" + "x" * 5000):
        assert_problem(client.get(strange), 404, "not_found")
    assert_problem(client.delete("/api/orders"), 405, "method_not_allowed")
    assert_problem(client.options("/api/orders"), 405, "method_not_allowed")
    assert_problem(client.get("/api/limited", HTTP_ACCEPT="image/png"), 406, "not_acceptable")
    unsupported = client.post("/api/orders", "a=1", content_type="text/plain")
    assert_problem(unsupported, 415, "unsupported_media_type")
    invalid = assert_problem(client.get("/api/raise/django-invalid"), 400, "validation_error")
    assert invalid["errors"] == [{"field": "age", "code": "young", "detail": "Too young."}]


def test_a_refusal_says_when_to_come_back_and_how_to_sign_in(client: APIClient) -> None:
    limited = client.get("/api/raise/slow-down")
    assert_problem(limited, 429, "rate_limited")
    assert limited["Retry-After"] == "7"
    assert client.get("/api/raise/throttled")["Retry-After"] == "3"
    for address in ("/api/private", "/api/raise/sign-in"):
        refused = client.get(address)
        assert_problem(refused, 401, "not_authenticated")
        assert refused["WWW-Authenticate"].startswith("Bearer")


def test_a_defect_tells_the_client_nothing_but_the_trace_id(
    client: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/api/raise/defect", HTTP_X_REQUEST_ID="trace-me")
    body = assert_problem(answer, 500, "internal_error")
    assert body["trace_id"] == "trace-me"
    assert "hunter2" not in answer.content.decode()
    failures: list[Any] = [r.msg for r in caplog.records if "request_failed" in str(r.msg)]
    (failure,) = failures
    assert failure["request_id"] == "trace-me"
    assert "ZeroDivisionError" in failure["exception"]


def test_field_errors_are_flattened_to_dotted_paths(client: APIClient) -> None:
    assert client.post("/api/orders", VALID_ORDER).status_code == 201
    wrong = {"title": "far too long a title", "items": [VALID_ORDER["items"][0], {}]}
    body = assert_problem(client.post("/api/orders", wrong), 400, "validation_error")
    found = {(error["field"], error["code"]) for error in body["errors"]}
    assert found == {("title", "max_length"), ("items.1.at", "required")}
    assert all(error["detail"] for error in body["errors"])


def test_every_answer_carries_a_request_id(client: APIClient) -> None:
    made = client.get("/api/limited")["X-Request-ID"]
    assert made != client.get("/api/limited")["X-Request-ID"]
    assert len(made) == 32
    given = "Client/7:" + "x" * 55
    assert client.get("/api/limited", HTTP_X_REQUEST_ID=given)["X-Request-ID"] == given
    for insane in (given + "y", "two words", "schön", "line\nbreak", ""):
        answer = client.get("/api/limited", HTTP_X_REQUEST_ID=insane)
        assert answer["X-Request-ID"] != insane
        assert len(answer["X-Request-ID"]) == 32


def test_people_get_pages_where_programs_get_problems(client: APIClient) -> None:
    client.handler.enforce_csrf_checks = True
    page = client.get("/nowhere", HTTP_ACCEPT="text/html")
    assert page.status_code == 404
    assert page["Content-Type"].startswith("text/html")
    assert_problem(client.get("/nowhere", HTTP_ACCEPT="application/json"), 404, "not_found")
    assert client.post("/form", HTTP_ACCEPT="text/html")["Content-Type"].startswith("text/html")
    assert_problem(client.post("/api/form", HTTP_ACCEPT="text/html"), 403, "permission_denied")


def test_a_strange_host_is_refused_with_the_same_body(client: APIClient, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["pairly.test"]
    assert client.get("/api/limited", HTTP_HOST="pairly.test").status_code == 200
    assert_problem(client.get("/api/limited", HTTP_HOST="evil.test"), 400, "validation_error")


def test_bodies_have_a_limit_of_their_route(client: APIClient, settings: Any) -> None:
    settings.REQUEST_BODY_BYTES_MAX = 1000
    large = {"title": "x" * 1000, "items": []}
    assert_problem(client.post("/api/orders", large), 413, "payload_too_large")
    assert client.post("/api/orders", VALID_ORDER).status_code == 201

    def upload(size: int) -> Any:
        from django.core.files.uploadedfile import SimpleUploadedFile

        file = SimpleUploadedFile("photo.bin", b"x" * size)
        return client.post("/api/uploads", {"file": file}, format="multipart")

    assert upload(150_000).json() == {"bytes": 150_000}
    assert_problem(upload(250_000), 413, "payload_too_large")


def chunked_request(
    body: bytes, chunk_bytes: int, application: Any = None
) -> tuple[int, dict[str, Any], int]:
    """POST without a length through the ASGI door, as a chunked body arrives there.

    Gives the status, the answer, and how many chunks were not even read.
    """
    parts = [body[at : at + chunk_bytes] for at in range(0, len(body), chunk_bytes)]
    received = [
        {"type": "http.request", "body": part, "more_body": part is not parts[-1]} for part in parts
    ]
    sent: list[Mapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if received:
            return received.pop(0)
        await asyncio.sleep(3600)
        raise AssertionError("the request took longer than an hour")

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/api/orders",
        "query_string": b"",
        "headers": [
            (b"host", b"testserver"),
            (b"content-type", b"application/json"),
            (b"transfer-encoding", b"chunked"),
        ],
    }
    asyncio.run((application or ASGIHandler())(scope, receive, send))
    content = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(content), len(received)


def test_a_chunked_body_is_read_and_limited_like_any_other(settings: Any) -> None:
    settings.REQUEST_BODY_BYTES_MAX = 1000
    status, order, _unread = chunked_request(json.dumps(VALID_ORDER).encode(), 7)
    assert (status, order["title"]) == (201, "Roses")
    large = {"title": "x" * 1000, "items": []}
    status, problem, _unread = chunked_request(json.dumps(large).encode(), 100)
    assert (status, problem["code"]) == (413, "payload_too_large")


def test_no_body_is_stored_beyond_the_largest_limit() -> None:
    application = LimitedBodies(ASGIHandler(), bytes_max=2000)
    status, order, _unread = chunked_request(json.dumps(VALID_ORDER).encode(), 7, application)
    assert (status, order["title"]) == (201, "Roses")
    status, problem, unread = chunked_request(b"x" * 100_000, 1000, application)
    assert (status, problem["code"]) == (413, "payload_too_large")
    assert unread == 97
    assert problem["trace_id"]
