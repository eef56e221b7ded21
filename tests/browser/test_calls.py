"""Two people call each other in two real browser windows, with the browser's own media."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Line, OpenWindow, Window
from tests.clients import Person
from tests.files import migrated_sqlite
from tests.servers import RunningServer

MINUTE_SECONDS = 6
CALM_MILLISECONDS = 60_000
"""Media take their time where the machine has much to do."""
PICTURES = (
    Path(os.environ["PAIRLY_TEST_PICTURES"]) if "PAIRLY_TEST_PICTURES" in os.environ else None
)

WELCOME_CREDITS = 20
"""Two of our minutes."""
GIFTS = (30, 10_000, 10_000, 10_000)
"""For stories that take longer than that."""
GIVE = """
from uuid import UUID
from pairly.core import clock
from payments.services import grant_credits
for id, credits in {gifts}.items():
    grant_credits(
        owner_id=UUID(id), credits=credits, operation="gift:" + id, kind="test", now=clock.now()
    )
"""

Pair = tuple[Window, Window, Person, Person]


@pytest.fixture(scope="module")
def calls_server(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """Its minutes are short."""
    folder = tmp_path_factory.mktemp("calls")
    environment = {
        "PAIRLY_RATE_LIMITS": "off",
        "PAIRLY_WELCOME_BONUS_CREDITS": str(WELCOME_CREDITS),
        "PAIRLY_BILLING_MINUTE_SECONDS": str(MINUTE_SECONDS),
        "PAIRLY_BILLING_INCREMENT_SECONDS": str(MINUTE_SECONDS),
        "PAIRLY_CALL_SWEEP_MILLISECONDS": "200",
    }
    database_url = migrated_sqlite(folder / "pairly.sqlite3")
    with RunningServer(
        database_url=database_url, data_dir=folder, environment=environment
    ) as running:
        yield running


@pytest.fixture(scope="module")
def gifted(calls_server: RunningServer) -> list[tuple[int, Person]]:
    """People who were given credits, and how many, all at once, since a command takes its time."""
    people = [(credits, Person.register(calls_server.url, "Ava")) for credits in GIFTS]
    gifts = {person.id: credits for credits, person in people}
    calls_server.do("shell", "-v", "0", "-c", GIVE.format(gifts=gifts))
    return people


@pytest.fixture
def pair(
    calls_server: RunningServer, open_window: OpenWindow, gifted: list[tuple[int, Person]]
) -> Iterator[Callable[..., Pair]]:
    people: list[Person] = []

    def open_pair(line: Line | None = None, *, gift: int = 0, **options: Any) -> Pair:
        if gift:
            ava = gifted.pop([credits for credits, _person in gifted].index(gift))[1]
        else:
            ava = Person.register(calls_server.url, "Ava")
        ben = Person.register(calls_server.url, "Ben")
        people.extend((ava, ben))
        ava.open_conversation(ben)
        windows = [
            open_window(url=calls_server.url, line=broken, **options) for broken in (line, None)
        ]
        for window, person in zip(windows, (ava, ben), strict=True):
            window.sign_in(person.email)
        windows[0].open_chat("Ben")
        return windows[0], windows[1], ava, ben

    yield open_pair
    for person in people:
        person.close()


def look(window: Window, name: str) -> None:
    """A picture for people to look at, where asked for."""
    if PICTURES:
        window.page.screenshot(path=Path(PICTURES) / f"{name}.png")


MOVES = """() => new Promise((resolve, reject) => {
    const video = document.getElementById("call-remote");
    const canvas = new OffscreenCanvas(64, 48);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const seen = new Set();
    const look = () => {
        if (video.videoWidth > 0) {
            context.drawImage(video, 0, 0, 64, 48);
            seen.add(context.getImageData(0, 0, 64, 48).data.join());
        }
        if (seen.size > 3) resolve(video.videoWidth);
    };
    setInterval(look, 100);
    setTimeout(() => reject(new Error(`only ${seen.size} pictures`)), 60000);
})"""


def expect_moving_picture(window: Window) -> None:
    """What the other one's camera films arrives, and changes."""
    assert window.page.evaluate(MOVES) > 0


def begin(caller: Window, callee: Window, button: str) -> None:
    caller.find(button).click()
    expect(callee.find("#call")).to_be_visible()
    expect(callee.find("#call-name")).to_have_text("Ava")
    callee.find("#call-answer").click()
    for window in (caller, callee):
        expect_active(window)


def expect_active(window: Window) -> None:
    expect(window.find("#call[data-phase=active]")).to_be_visible(timeout=CALM_MILLISECONDS)


def test_a_video_call_plays_and_the_balance_falls_by_the_minute(pair: Callable[..., Pair]) -> None:
    caller, callee, ava, ben = pair(gift=30)
    caller.find("#chat-call-video").click()
    expect(callee.find("#call-status")).to_have_text("Video call")
    expect(caller.find("#call-status")).to_have_text("Calling…")
    look(callee, "incoming")
    look(caller, "outgoing")
    callee.find("#call-answer").click()
    for window in (caller, callee):
        expect(window.find("#call[data-phase=active]")).to_be_visible()
        expect_moving_picture(window)
    expect(caller.find("#call-cost")).to_have_text("10 credits · 10 credits a minute")
    expect(callee.find("#call-cost")).to_have_text("")
    expect(caller.find("#call-timer")).to_have_text(re.compile(r"00:0\d"))
    look(caller, "talking")
    expect(caller.find("#call-cost")).to_have_text(re.compile(r"^[2-5]0 credits · 10 credits a"))
    assert ava.wallet()["balance"] <= 40

    caller.find("#call-mute").click()
    expect(caller.find("#call-mute")).to_have_attribute("aria-pressed", "true")
    caller.find("#call-camera").click()
    expect(caller.find("#call-self")).to_be_hidden()
    caller.find("#call-shrink").click()
    expect(caller.find("#composer-text")).to_be_visible()
    look(caller, "small")
    # Credits for less than a minute of ours are left soon: the notice shows, and buys.
    expect(caller.find("#call-note-text")).to_have_text(re.compile(r"Your credits last for \d+ s"))
    callee.find("#call-hang-up").click()
    for window in (caller, callee):
        expect(window.find("#call")).to_be_hidden()
    expect(caller.find(".toast", "The call has ended.")).to_be_visible()
    spent = 50 - ava.wallet()["balance"]
    assert ava.wallet()["available"] == 50 - spent
    assert ben.wallet()["balance"] == WELCOME_CREDITS
    caller.find("[data-nav=calls]").click()
    expect(caller.find("#call-rows li", "Ben")).to_contain_text(f"{spent} credits")
    look(caller, "history")
    callee.find("[data-nav=calls]").click()
    expect(callee.find("#call-rows li", "Ava")).to_contain_text("Incoming")
    expect(callee.find("#call-rows li", "Ava")).not_to_contain_text("credits")


def test_decline_cancel_and_too_few_credits(pair: Callable[..., Pair]) -> None:
    caller, callee, *_people = pair()
    caller.find("#chat-call-audio").click()
    expect(callee.find("#call-status")).to_have_text("Voice call")
    callee.find("#call-hang-up").click()
    expect(caller.find(".toast", "Ben does not take the call.")).to_be_visible()
    caller.find("#chat-call-audio").click()
    expect(callee.find("#call")).to_be_visible()
    caller.find("#call-hang-up").click()
    expect(callee.find(".toast", "You missed a call from Ava.")).to_be_visible()
    # The credits run out in the middle of a call: it ends by itself.
    begin(caller, callee, "#chat-call-video")
    expect(callee.find("#call")).to_be_hidden(timeout=MINUTE_SECONDS * 7_000)
    expect(caller.find(".toast", "The credits ran out")).to_be_visible()
    caller.find("#chat-call-video").click()
    expect(caller.find("#credits-dialog")).to_be_visible()
    expect(caller.find("#purchase-note")).to_contain_text("needs more credits")


CONNECTIONS = """(() => {
    const made = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(...all) { super(...all); made.push(this); }
    };
    window.newest = () => made.at(-1);
    window.fragments = () => {
        const of = (one) => one.sdp.match(/a=ice-ufrag:(.+)/)[1].trim();
        return [made.length, of(newest().localDescription), of(newest().remoteDescription)];
    };
})()"""
RENEWED = """([count, mine, theirs]) => {
    const found = fragments();
    return found[0] === count && found[1] !== mine && found[2] !== theirs
        && newest().signalingState === "stable" && newest().connectionState === "connected";
}"""


def test_ice_is_restarted_in_mid_call_by_either(pair: Callable[..., Pair]) -> None:
    caller, callee, ava, _ben = pair(gift=10_000, script=CONNECTIONS)
    begin(caller, callee, "#chat-call-video")
    for window in (caller, callee):
        expect_moving_picture(window)
    for restarting in (caller, callee):
        before = [window.page.evaluate("() => fragments()") for window in (caller, callee)]
        restarting.page.evaluate("() => newest().restartIce()")
        for window, fragments in zip((caller, callee), before, strict=True):
            # The same connections on a new path: other credentials of ICE on both sides.
            window.page.wait_for_function(RENEWED, arg=fragments, timeout=CALM_MILLISECONDS)
            expect_moving_picture(window)
    callee.find("#call-hang-up").click()
    expect(caller.find("#call")).to_be_hidden()
    assert [call["end_reason"] for call in ava.all_of("calls")] == ["completed"]


def test_a_call_answered_elsewhere_is_taken_over(
    pair: Callable[..., Pair], open_window: OpenWindow
) -> None:
    caller, callee, ava, ben = pair(gift=10_000)
    other = open_window(url=callee.url).sign_in(ben.email)
    for window in (callee, other):
        window.network_may_fail = True  # what a device asks just before it hears that it is out
    caller.find("#chat-call-video").click()
    for window in (callee, other):
        expect(window.find("#call-status")).to_have_text("Video call")
    callee.find("#call-answer").click()
    for window in (caller, callee):
        expect_active(window)
    # The other device stops ringing, says why, and takes the call over.
    expect(other.find("#call")).to_be_hidden()
    expect(other.find("#elsewhere-text")).to_have_text(
        "You are in a call with Ava on another device."
    )
    look(other, "elsewhere")
    other.find("#elsewhere-take").click()
    expect_active(other)
    expect(other.find("#elsewhere")).to_be_hidden()
    for window in (caller, other):
        expect_moving_picture(window)
    expect(callee.find("#call")).to_be_hidden()
    expect(callee.find("#elsewhere-text")).to_contain_text("Ava")
    # And back, after a page was loaded that knows of it from the server alone.
    callee.page.reload()
    callee.find("#elsewhere-take").click()
    for window in (caller, callee):
        expect_active(window)
        expect_moving_picture(window)
    expect(other.find("#elsewhere")).to_be_visible()
    caller.find("#call-hang-up").click()
    for window in (callee, other):
        expect(window.find("#call")).to_be_hidden()
        expect(window.find("#elsewhere")).to_be_hidden()
    assert [call["end_reason"] for call in ava.all_of("calls")] == ["completed"]


def test_a_lost_socket_and_a_page_loaded_again_stay_in_the_call(
    pair: Callable[..., Pair],
) -> None:
    line = Line()
    caller, callee, ava, _ben = pair(line, gift=10_000, width=390, height=780)
    begin(caller, callee, "#chat-call-video")
    expect_moving_picture(caller)
    look(caller, "phone")
    line.break_off()
    expect(caller.find("#banner")).to_be_hidden()
    expect_moving_picture(callee)
    # A page that was loaded again begins its media anew, of either side.
    caller.page.reload()
    expect(caller.find("#call[data-phase=active]")).to_be_visible()
    expect_moving_picture(caller)
    expect_moving_picture(callee)
    callee.page.reload()
    expect(callee.find("#call[data-phase=active]")).to_be_visible()
    expect_moving_picture(callee)
    expect_moving_picture(caller)
    caller.find("#call-hang-up").click()
    expect(callee.find("#call")).to_be_hidden()
    calls = ava.all_of("calls")
    assert [call["end_reason"] for call in calls] == ["completed"]
