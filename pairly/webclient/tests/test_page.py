"""The page, its files and its policy, as a browser gets them."""

import re
from importlib import reload
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
from django.urls import clear_url_caches

from pairly import urls


def test_the_page_offers_the_demo_people_where_they_are(client: Client) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "Sign in as" not in page.content.decode()
    call_command("seed_demo", verbosity=0)
    assert re.findall(r"Sign in as (\w+)", client.get("/").content.decode()) == ["Ava", "Ben"]


def test_every_file_that_the_page_names_is_served(client: Client) -> None:
    """By the server itself, without collectstatic, to be asked for anew each time."""
    text = client.get("/").content.decode()
    names = re.findall(r'(?:href|src)="/static/([^"]+)"', text)
    assert len(names) > 5
    for name in names:
        answer: Any = client.get(f"/static/{name}")
        assert answer.status_code == 200, name
        assert answer["Cache-Control"] == "max-age=0, public"
        again = client.get(f"/static/{name}", headers={"if-none-match": answer["ETag"]})
        assert again.status_code == 304


def test_every_import_of_a_module_leads_somewhere() -> None:
    def imports_of(name: str) -> list[str]:
        path = finders.find(f"webclient/js/{name}")
        assert path, name
        with open(path) as module:
            return re.findall(r'from "\./([\w.]+)"', module.read())

    seen, waiting = {"app.js"}, ["app.js"]
    while waiting:
        found = set(imports_of(waiting.pop())) - seen
        seen |= found
        waiting += found
    assert {"protocol.js", "api.js", "store.js"} <= seen


def test_nothing_inline_and_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/", headers={"host": "pairly.example:8443"}, secure=True)
    policy = dict(
        part.split(" ", 1) for part in page["Content-Security-Policy"].split("; ") if " " in part
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"] == "'self' wss://pairly.example:8443"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["frame-ancestors"] == "'none'"
    text = page.content.decode()
    assert re.findall(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|https?://", text) == []


@pytest.mark.parametrize("is_on", [True, False])
def test_the_address_is_there_only_where_the_client_is_on(
    client: Client, settings: Any, is_on: bool
) -> None:
    settings.WEB_CLIENT = is_on
    try:
        reload(urls)
        clear_url_caches()
        assert client.get("/").status_code == (200 if is_on else 404)
    finally:
        settings.WEB_CLIENT = True
        reload(urls)
        clear_url_caches()
