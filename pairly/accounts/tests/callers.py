"""People for the tests of accounts, moved through the public door alone."""

from dataclasses import dataclass
from typing import Any

from rest_framework.test import APIClient

__all__ = ["PASSWORD", "Caller", "Person", "codes_of", "login"]

PASSWORD = "quiet-harbour-42"


class Caller:
    """An HTTP client, signed in or not, below ``/api/v1/``."""

    def __init__(self, token: str | None = None) -> None:
        self._client = APIClient()
        if token is not None:
            self._client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    def get(self, path: str, **query: Any) -> Any:
        return self._client.get(self._url(path), query)

    def post(self, path: str, **body: Any) -> Any:
        return self._client.post(self._url(path), body)

    def put(self, path: str, **body: Any) -> Any:
        return self._client.put(self._url(path), body)

    def patch(self, path: str, **body: Any) -> Any:
        return self._client.patch(self._url(path), body)

    def delete(self, path: str, **body: Any) -> Any:
        return self._client.delete(self._url(path), body)

    def upload(self, path: str, **files: Any) -> Any:
        return self._client.put(self._url(path), files, format="multipart")

    @staticmethod
    def _url(path: str) -> str:
        return path if path.startswith(("http", "/")) else f"/api/v1/{path}"


@dataclass
class Person:
    email: str
    id: str
    token: str
    api: Caller


def login(guest: Caller, email: str, password: str = PASSWORD, **body: Any) -> Any:
    return guest.post("auth/login", email=email, password=password, **body)


def codes_of(response: Any) -> set[tuple[str, str]]:
    """The refused fields of an answer, each with its code."""
    return {(error["field"], error["code"]) for error in response.json()["errors"]}
