"""The descriptions of the API: complete, valid, and readable in a browser without a crutch."""

import re
from typing import Any

import jsonschema
import pytest
from django.core.management import call_command
from django.test import Client
from django.utils.html import escape

from pairly.asyncapi import all_frames, asyncapi_document, event_name
from pairly.core.errors import PairlyError
from pairly.realtime.frames import COMMANDS, EVENTS, ack_frame, error_frame, event_frame

PROBLEM = "application/problem+json"


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", item[method])
        for path, item in document["paths"].items()
        for method in ("get", "post", "put", "patch", "delete")
        if method in item
    ]


def resolve(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def test_the_openapi_document_is_valid_and_complete(tmp_path: Any) -> None:
    target = tmp_path / "schema.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(target))
    assert target.stat().st_size > 1000


def test_every_route_documents_its_refusals_and_who_may_call(client: Client) -> None:
    answer = client.get("/api/schema")
    assert answer.status_code == 200
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    scheme = document["components"]["securitySchemes"]["bearer"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    described = operations(document)
    assert {"GET /api/v1/config", "GET /api/v1/conversations"} <= {name for name, _ in described}
    for name, operation in described:
        for status in ("400", "429", "default"):
            refused = resolve(document, operation["responses"][status])
            assert PROBLEM in refused["content"], (name, status)
        public = {} in operation.get("security", [{}])
        assert public or "401" in operation["responses"], name
    limited = resolve(document, dict(described)["GET /api/v1/config"]["responses"]["429"])
    assert "Retry-After" in limited["headers"]


def test_yaml_is_there_for_who_asks(client: Client) -> None:
    answer = client.get("/api/schema", headers={"accept": "application/vnd.oai.openapi"})
    assert answer.content.startswith(b"openapi: 3.1")


def test_the_asyncapi_document_describes_every_frame(client: Client) -> None:
    document = client.get("/api/asyncapi.json").json()
    assert document["asyncapi"] == "3.0.0"
    messages = document["components"]["messages"]
    for command in COMMANDS.values():
        assert messages[command.type]["summary"] == command.summary
        assert f"{command.type}.ack" in messages
        operation = document["operations"][f"ws.{command.type}"]
        assert operation["action"] == "receive"
    for event in EVENTS.values():
        message = messages[event_name(event)]
        assert message["payload"]["properties"]["type"] == {"const": event.type}
        assert ("position" in message["payload"]["required"]) is event.durable
        assert document["operations"][f"ws.{event_name(event)}"]["action"] == "send"
    addresses = [channel["address"] for channel in document["channels"].values()]
    alone = ("chat", "calls", "presence", "notifications")
    assert addresses == ["/ws/", *(f"/ws/{feature}/" for feature in alone)]
    assert "message.send" in document["channels"]["ws-chat"]["messages"]
    assert "message.send" not in document["channels"]["ws-calls"]["messages"]


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi_document()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                resolve(document, node)
            for inner in node.values():
                walk(inner)
        elif isinstance(node, list):
            for inner in node:
                walk(inner)

    walk(document)


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("error", error_frame(None, PairlyError())),
        (
            "ready",
            event_frame(
                "ready",
                '{"user_id":"0199b1d5-c2f6-7d0a-a1d6-a0f5b0f6f2f1","device_id":'
                '"0199b1d5-c2f6-7d0a-a1d6-a0f5b0f6f2f2","position":0,"heartbeat_seconds":25}',
            ),
        ),
        ("sync.ack", ack_frame("7", '{"position":3,"resync":false,"events":[]}')),
    ],
)
def test_frames_that_the_server_makes_fit_their_description(name: str, frame: str) -> None:
    import orjson

    document = asyncapi_document()
    schema = document["components"]["messages"][name]["payload"]
    whole = {**schema, "components": document["components"]}
    jsonschema.validate(orjson.loads(frame), whole)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"type": "something else"}, whole)


@pytest.mark.parametrize("address", ["/api/docs", "/api/docs/realtime", "/api/docs/errors"])
def test_pages_run_under_the_content_security_policy(client: Client, address: str) -> None:
    page = client.get(address, headers={"accept": "text/html"})
    assert page.status_code == 200
    policy = page["Content-Security-Policy"]
    assert "unsafe" not in policy
    text = page.content.decode()
    (nonce,) = set(re.findall(r'nonce="([^"]+)"', text))
    assert f"'nonce-{nonce}'" in policy
    for tag in re.findall(r"<(?:script|style)[^>]*>", text):
        assert "src=" in tag or f'nonce="{nonce}"' in tag, tag
    assert not re.search(r"\son\w+=|style=|https?://", text)


def test_what_the_swagger_page_needs_is_served_by_ourselves(client: Client) -> None:
    text = client.get("/api/docs").content.decode()
    needed = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert len([one for one in needed if "swagger-ui" in one]) >= 3
    for address in needed:
        assert client.get(address).status_code == 200, address
    (script,) = [one for one in needed if "script" in one]
    assert 'url: "' in client.get(script).content.decode()


def test_the_realtime_page_tells_of_every_frame_and_the_error_page_of_every_code(
    client: Client,
) -> None:
    realtime = client.get("/api/docs/realtime").content.decode()
    for described in all_frames():
        assert f'id="{described.type}"' in realtime
        assert escape(described.summary) in realtime
    for target in re.findall(r'href="#([^"]+)"', realtime):
        assert f'id="{target}"' in realtime
    errors = client.get("/api/docs/errors").content.decode()
    for code in ("validation_error", "insufficient_credits", "rate_limited", "internal_error"):
        assert f'id="{code}"' in errors
