"""What anybody may read: the index and the configuration."""

from typing import Any

import pytest
from django.test import Client


def test_the_index_leads_on(client: Client) -> None:
    body = client.get("/api/v1/").json()
    assert body["name"] == "Pairly"
    for address in body["links"].values():
        assert client.get(address).status_code == 200, address


def test_the_configuration_follows_the_settings(client: Client, settings: Any) -> None:
    settings.PRICE_MESSAGE_TEXT_CREDITS = 4
    settings.RATE_USER_PER_MINUTE = 77
    answer = client.get("/api/v1/config")
    body = answer.json()
    assert body["prices"]["messages"]["text"] == 4
    assert body["prices"]["calls"] == {"audio": 5, "video": 10}
    assert body["limits"]["requests_per_minute"] == 77
    assert body["limits"]["socket_frame_bytes_max"] == 65_536
    assert body["client_versions_min"].keys() == {"android", "ios", "web"}
    [push_key] = body["push_keys"]
    assert (push_key["provider"], len(push_key["public_key"])) == ("web_push", 87)
    assert answer["Cache-Control"] == "public, max-age=300"


def test_prices_can_be_read_alone(client: Client) -> None:
    answer = client.get("/api/v1/prices")
    assert answer.json() == client.get("/api/v1/config").json()["prices"]


def test_a_stranger_with_a_stale_token_may_still_read_them(client: Client) -> None:
    assert client.get("/api/v1/config", headers={"authorization": "Bearer x"}).status_code == 200


def test_answers_carry_the_security_headers(client: Client) -> None:
    answer = client.get("/api/v1/conversations")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "no-store"


def test_only_named_origins_may_read_from_a_browser(client: Client, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://pairly.example"]

    def preflight(origin: str) -> Any:
        asked = {
            "origin": origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,idempotency-key",
        }
        return client.options("/api/v1/conversations", headers=asked)

    allowed = preflight("https://pairly.example")
    assert allowed["Access-Control-Allow-Origin"] == "https://pairly.example"
    assert "idempotency-key" in allowed["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in preflight("https://evil.example")
    read = client.get("/api/v1/config", headers={"origin": "https://pairly.example"})
    assert "x-request-id" in read["Access-Control-Expose-Headers"].lower()


@pytest.mark.parametrize("path", ["/health/live", "/api/v1/config", "/api/nowhere", "/nowhere"])
def test_every_answer_carries_a_request_id(client: Client, path: str) -> None:
    assert client.get(path, headers={"x-request-id": "mine"})["X-Request-ID"] == "mine"


def test_the_access_line_names_the_person(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    person = {
        "email": "ava@pairly.test",
        "password": "a-long-Passphrase-7",
        "display_name": "Ava",
        "birth_date": "1994-05-17",
    }
    body = client.post("/api/v1/auth/register", person, content_type="application/json").json()
    caplog.clear()
    token = {"authorization": f"Bearer {body['token']}", "x-request-id": "mine"}
    assert client.get("/api/v1/me", headers=token).status_code == 200
    messages: list[Any] = [record.msg for record in caplog.records]
    (line,) = [one for one in messages if "request_finished" in str(one)]
    assert (line["user_id"], line["request_id"]) == (body["user"]["id"], "mine")
