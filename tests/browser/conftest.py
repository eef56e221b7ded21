"""Stories in a real browser: the system's Chromium against ``manage.py serve``.

A ``Window`` is one browser window of one person, with storage of its own. Whatever its console
reports as an error, and whatever the content security policy blocks, fails the test.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    WebSocketRoute,
    expect,
    sync_playwright,
)

from tests.clients import PASSWORD, Person
from tests.files import migrated_sqlite
from tests.servers import RunningServer

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Calls: a camera and a microphone that are always there, and no network but this machine.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
]
WAIT_MILLISECONDS = 30_000
NETWORK_SENTENCES = re.compile(r"Failed to load resource|WebSocket connection to")
WELCOME_CREDITS = 6

expect.set_options(timeout=WAIT_MILLISECONDS)
OpenWindow = Callable[..., "Window"]


class Window:
    """A browser window. ``page`` is Playwright's; the rest are the words of the stories."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.problems: list[str] = []
        self.network_may_fail = False
        page.set_default_timeout(WAIT_MILLISECONDS)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if self.network_may_fail and NETWORK_SENTENCES.search(message.text):
            return
        self.problems.append(f"{message.type}: {message.text}")

    def find(self, selector: str, text: str | None = None) -> Locator:
        return self.page.locator(selector, has_text=text)

    def open(self) -> "Window":
        self.page.goto(self.url)
        expect(self.find("#sign-in")).to_be_visible()
        return self

    def sign_in(self, email: str, password: str = PASSWORD) -> "Window":
        form = self.find("#sign-in-form")
        form.get_by_label("E-mail").fill(email)
        form.get_by_label("Password").fill(password)
        form.get_by_label("Password").press("Enter")
        return self.is_ready()

    def is_ready(self) -> "Window":
        expect(self.find("#app.ready")).to_be_visible()
        expect(self.find("#balance-number")).to_have_text(re.compile(r"\d"))
        return self

    def write_to(self, name: str) -> "Window":
        """Find somebody in the directory and open the chat with them."""
        self.find("[data-nav=people]").click()
        self.find(".card", name).get_by_role("button", name="Write to").click()
        expect(self.find("#chat-name")).to_have_text(name)
        return self

    def open_chat(self, name: str) -> "Window":
        self.find("[data-nav=chats]").click()
        self.find(".conversation", name).click()
        expect(self.find("#chat-name")).to_have_text(name)
        return self

    def say(self, text: str) -> None:
        self.find("#composer-text").fill(text)
        self.find("#composer-text").press("Enter")

    def said(self) -> list[str]:
        """The texts of the open chat, top to bottom, without their times."""
        texts: list[str] = self.page.evaluate(
            """() => [...document.querySelectorAll(".message .bubble:not(.typing)")].map((one) =>
                [...one.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join(""))"""
        )
        return texts

    def expect_said(self, texts: list[str]) -> None:
        bubbles = self.find(".message .bubble:not(.typing)")
        expect(bubbles).to_have_count(len(texts))
        expect(bubbles).to_contain_text(texts)
        assert self.said() == texts

    def ticks_of(self, text: str) -> Locator:
        return self.find(".message.mine", text).locator(".tick")

    def expect_ticks(self, text: str, word: str) -> None:
        """``word``: Sent, Delivered or Read."""
        expect(self.ticks_of(text)).to_have_attribute("aria-label", word)

    def expect_credits(self, credits: int) -> None:
        expect(self.find("#balance-number")).to_have_text(f"{credits:,}")

    def look_away(self) -> None:
        """As if another window came in front; a test's windows all believe to be in front."""
        self.page.evaluate(
            "() => { document.hasFocus = () => false; window.dispatchEvent(new Event('blur')); }"
        )

    def look_back(self) -> None:
        self.page.evaluate(
            "() => { delete document.hasFocus; window.dispatchEvent(new Event('focus')); }"
        )


class Line:
    """What lies between a window's sockets and the server. ``swallow`` takes a server's frame and
    says whether it gets lost; ``is_cut`` keeps new sockets from being opened."""

    def __init__(
        self, swallow: Callable[["Line", str], bool] = lambda _line, _frame: False
    ) -> None:
        self.swallow = swallow
        self.swallowed: list[str] = []
        self.is_cut = False
        self._socket: WebSocketRoute | None = None

    def connect(self, socket: WebSocketRoute) -> None:
        if self.is_cut:
            socket.close(code=4408)
            return
        self._socket = socket
        socket.connect_to_server().on_message(self._from_server)

    def _from_server(self, frame: Any) -> None:
        assert self._socket is not None
        if self.swallow(self, frame):
            self.swallowed.append(frame)
        else:
            self._socket.send(frame)

    def cut(self) -> None:
        """Break the open socket, and keep it so until ``is_cut`` is taken back."""
        self.is_cut = True
        self.break_off()

    def break_off(self) -> None:
        assert self._socket is not None
        self._socket.close(code=4408)


@pytest.fixture
def database() -> None:
    """Servers here are processes on databases of their own; the test's process needs none, and
    Playwright's event loop would keep Django from one."""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    # The same browser without windows of its own, at half the work, where it is installed.
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if path is None:
        sentence = "needs chromium, which is not installed (apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="package")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all stories; its people start with ``WELCOME_CREDITS``."""
    folder = tmp_path_factory.mktemp("browser")
    environment = {
        "PAIRLY_RATE_LIMITS": "off",
        "PAIRLY_WELCOME_BONUS_CREDITS": str(WELCOME_CREDITS),
    }
    with RunningServer(
        database_url=migrated_sqlite(folder / "pairly.sqlite3"),
        data_dir=folder,
        environment=environment,
    ) as running:
        yield running


@pytest.fixture
def open_window(browser: Browser, server: RunningServer) -> Iterator[OpenWindow]:
    """Open windows; at the end of the test none may have reported an error."""
    windows: list[Window] = []

    def open_one(
        width: int = 1280,
        height: int = 800,
        line: Line | None = None,
        url: str = server.url,
        script: str = "",
        **options: Any,
    ) -> Window:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale="en-GB",
            reduced_motion="reduce",
            **options,
        )
        if script:
            context.add_init_script(script)
        windows.append(Window(context.new_page(), url))
        if line:
            windows[-1].network_may_fail = True
            windows[-1].page.route_web_socket(re.compile("/ws/"), line.connect)
        return windows[-1].open()

    yield open_one
    problems = [problem for window in windows for problem in window.problems]
    for window in windows:
        window.page.context.close()
    assert problems == []


@pytest.fixture
def register(server: RunningServer) -> Iterator[Callable[..., Person]]:
    """People made over REST, who also act from outside of the browser."""
    people: list[Person] = []

    def make(name: str, **fields: Any) -> Person:
        people.append(Person.register(server.url, name, **fields))
        return people[-1]

    yield make
    for person in people:
        person.close()
