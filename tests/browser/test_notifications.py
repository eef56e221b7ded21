"""The bell, its list, preferences, and pushes to a real service worker.

A browser without a network has no push service to subscribe at, so that one call is answered by the
test; the worker, its permission, what it shows and what a press opens are Chromium's own.
"""

import json
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Worker, expect

from tests.browser.conftest import CHROMIUM_ARGUMENTS, OpenWindow, Window
from tests.clients import PASSWORD, Person
from tests.servers import RunningServer

WAIT_SECONDS = 60
WAIT = WAIT_SECONDS * 1000
WORKER = "/static/webclient/js/worker.js"
SUBSCRIBE = """(() => {
  let made = null;
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  PushManager.prototype.getSubscription = async () => made;
  PushManager.prototype.subscribe = async ({ applicationServerKey: key }) => {
    const curve = { name: "ECDH", namedCurve: "P-256" };
    const { publicKey } = await crypto.subtle.generateKey(curve, true, ["deriveBits"]);
    const keys = {
      p256dh: text(await crypto.subtle.exportKey("raw", publicKey)),
      auth: text(crypto.getRandomValues(new Uint8Array(16))),
    };
    const endpoint = `https://fcm.googleapis.com/send/${crypto.randomUUID()}`;
    const raw = atob(key.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
    made = {
      endpoint,
      options: { applicationServerKey: bytes.buffer },
      toJSON: () => ({ endpoint, expirationTime: null, keys }),
      unsubscribe: async () => Boolean(made = null) || true,
    };
    return made;
  };
})()"""
COUNT_SHOWN = """() => {
  const show = self.registration.showNotification.bind(self.registration);
  self.shown = 0;
  self.registration.showNotification = async (...said) => { await show(...said); self.shown += 1; };
}"""
SHOWN = """async () => (await self.registration.getNotifications())
  .map(({ title, body, tag }) => [title, body, tag])"""
WINDOWS = """async () =>
  (await self.clients.matchAll({ type: "window", includeUncontrolled: true }))
  .filter((one) => new URL(one.url).pathname === "/").length"""
PRESS = """async () => {
  const [notification] = await self.registration.getNotifications();
  self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
}"""


def test_what_happens_rings_the_bell_and_is_read_once_for_all(
    open_window: OpenWindow, register: Callable[..., Person]
) -> None:
    """Each sign-in after the first is told of: two windows, and another device."""
    ava = register("Ava")
    one, other = (open_window().sign_in(ava.email) for _ in range(2))
    one.find("#bell").click()
    expect(one.find("#notifications-title")).to_be_visible()
    other.find("[data-nav=people]").click()
    ava.call("POST", "auth/login", {"email": ava.email, "password": PASSWORD})
    expect(other.find(".toast.notice", "New sign-in").first).to_be_visible(timeout=WAIT)
    expect(other.find("#bell-count")).to_have_text("4", timeout=WAIT)  # and of the welcome bonus
    expect(one.find(".notification.unread", "New sign-in")).to_have_count(3, timeout=WAIT)

    one.find("#read-all").click()
    for window in (one, other):
        expect(window.find("#bell-count")).to_be_hidden()
        expect(window.find("#bell")).to_have_attribute("aria-label", "Notifications")
    other.find("#bell").click()
    expect(other.find(".notification.unread")).to_have_count(0)
    other.find(".notification", "New sign-in").first.get_by_role("button", name="Remove").click()
    for window in (one, other):
        expect(window.find(".notification")).to_have_count(3)


def test_preferences_are_kept_and_what_is_critical_stays(
    open_window: OpenWindow, register: Callable[..., Person]
) -> None:
    ava = register("Ava")
    window = open_window().sign_in(ava.email)

    def open_preferences() -> None:
        window.find("#bell").click()
        window.find("#notification-settings").click()
        expect(window.find("#preferences-dialog")).to_be_visible()

    open_preferences()
    box = window.find("#preferences-dialog")
    expect(box.get_by_label("Security: E-mail")).to_be_disabled()
    box.get_by_label("Messages: E-mail").uncheck()
    box.get_by_role("switch", name="Quiet hours").check()
    box.get_by_label("From").fill("23:15")
    box.get_by_role("button", name="Save").click()
    expect(box).to_be_hidden()

    chosen = ava.call("GET", "notifications/preferences")
    assert chosen["categories"]["messages"] == {"in_app": True, "email": False, "push": True}
    assert chosen["quiet_hours"] == {"start": "23:15", "end": "08:00"}
    open_preferences()
    expect(box.get_by_label("Messages: E-mail")).not_to_be_checked()
    expect(box.get_by_label("From")).to_have_value("23:15")


class Pushed:
    """A browser that is no private window, which has no pushes; and its service worker."""

    def __init__(self, context: BrowserContext, page: Page, url: str) -> None:
        self.page, self._url = page, url
        self._registrations: list[Any] = []
        self._cdp: CDPSession = context.new_cdp_session(page)
        self._cdp.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda told: self._registrations.extend(told["registrations"]),
        )
        self._cdp.send("ServiceWorker.enable")
        self._context = context

    @property
    def worker(self) -> Worker:
        [worker] = self._context.service_workers
        return worker

    def count_shown(self) -> None:
        """Once, when the worker is there; ``push`` reads it."""
        self.worker.evaluate(COUNT_SHOWN)

    def push(self, data: str, *, is_shown: bool = True) -> None:
        """Waits until it is shown: Chromium forgets a notification that is asked for while it is
        on its way to the screen."""
        before = self.worker.evaluate("() => self.shown")
        message = {"origin": self._url, "registrationId": self._registrations[-1]["registrationId"]}
        self._cdp.send("ServiceWorker.deliverPushMessage", {**message, "data": data})
        if is_shown:
            self._expect("() => self.shown", before + 1)

    def press(self) -> None:
        """The notification that is shown."""
        self.worker.evaluate(PRESS)

    def expect_shown(self, *expected: list[str]) -> None:
        self._expect(SHOWN, list(expected))

    def expect_windows(self, expected: int) -> None:
        """A window that is left stays in the worker's list for a moment."""
        self._expect(WINDOWS, expected)

    def _expect(self, script: str, expected: object) -> None:
        give_up = time.monotonic() + WAIT_SECONDS
        while (found := self.worker.evaluate(script)) != expected:
            assert time.monotonic() < give_up, found
            self.page.wait_for_timeout(100)


@pytest.fixture
def pushed(browser: Browser, server: RunningServer, tmp_path: Path) -> Iterator[Pushed]:
    context = browser.browser_type.launch_persistent_context(
        tmp_path,
        executable_path=shutil.which("chromium") or os.devnull,
        args=CHROMIUM_ARGUMENTS,
        locale="en-GB",
    )
    context.grant_permissions(["notifications"], origin=server.url)
    context.add_init_script(SUBSCRIBE)
    yield Pushed(context, context.new_page(), server.url)
    context.close()


def test_a_push_is_shown_by_the_worker_and_opens_what_it_is_about(
    pushed: Pushed, register: Callable[..., Person], server: RunningServer
) -> None:
    ava = register("Ava")
    window = Window(pushed.page, server.url).open().sign_in(ava.email)
    window.find("#bell").click()
    window.find("#notification-settings").click()
    switch = window.find("#push-here")
    switch.check()
    expect(switch).to_be_enabled()
    give_up = time.monotonic() + WAIT_SECONDS
    while not (devices := ava.call("GET", "notifications/devices")["results"]):
        assert time.monotonic() < give_up
        pushed.page.wait_for_timeout(100)
    assert [one["provider"] for one in devices] == ["web_push"]
    assert window.problems == []
    pushed.count_shown()

    # Who looks at Pairly is shown a call alone; the rest the page shows by itself.
    told = {"title": "Ben", "body": "नमस्ते", "tag": "m", "data": {"conversation_id": ava.id}}
    ring = {"title": "Ben calls", "body": "Video", "tag": "r", "data": {"call_id": ava.id}}
    pushed.push(json.dumps(told), is_shown=False)
    pushed.push(json.dumps(ring | {"ring": True}))
    pushed.expect_shown(["Ben calls", "Video", "r"])
    window.find("#preferences-dialog [data-close]").click()
    pushed.press()
    expect(window.page).to_have_url(re.compile("#/calls$"))
    pushed.expect_shown()

    # The window is closed: everything is shown, also what cannot be read.
    window.page.goto("about:blank")
    pushed.expect_windows(0)
    pushed.push(json.dumps(told))
    pushed.expect_shown(["Ben", "नमस्ते", "m"])
    pushed.push(json.dumps(told | {"body": "Again, in its place"}))
    pushed.expect_shown(["Ben", "Again, in its place", "m"])
    pushed.worker.evaluate(
        "async () => (await self.registration.getNotifications()).forEach((one) => one.close())"
    )
    pushed.push("{garbage")
    pushed.expect_shown(["Pairly", "There is something new.", "pairly"])
    pushed.worker.evaluate(
        "async () => (await self.registration.getNotifications()).forEach((one) => one.close())"
    )

    # What the server itself would push: the worker says that it arrived, and that it was pressed.
    ava.call("POST", "auth/login", {"email": ava.email, "password": PASSWORD})
    newest = "SELECT payload, delivery_id FROM push_mockpush ORDER BY _id DESC LIMIT 1"
    payload, delivery_id = wait_for_row(server, newest)
    pushed.push(payload)
    state = "SELECT 1 FROM notifications_delivery WHERE _id=? AND state=?"
    wait_for_row(server, state, delivery_id, "delivered")
    pushed.press()
    wait_for_row(server, state, delivery_id, "opened")


def wait_for_row(server: RunningServer, query: str, *values: str) -> tuple[Any, ...]:
    path = server.log_path.parent / "pairly.sqlite3"
    give_up = time.monotonic() + WAIT_SECONDS
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        while (row := database.execute(query, values).fetchone()) is None:
            assert time.monotonic() < give_up, query
            time.sleep(0.1)
    found: tuple[Any, ...] = row
    return found
