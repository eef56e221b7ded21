"""The connection breaks and comes back: nothing is lost, nothing comes twice."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import WELCOME_CREDITS, Line, OpenWindow, Window
from tests.clients import Person, text_message
from tests.servers import RunningServer

Register = Callable[..., Person]


@pytest.fixture
def pair(open_window: OpenWindow, register: Register) -> tuple[Window, Person, str]:
    """Ada in a window with the chat open, Knut outside of it, and their conversation."""
    ada, knut = register("Ada"), register("Knut")
    conversation_id = knut.open_conversation(ada)
    knut.socket().command("message.send", text_message(conversation_id, "One", "one"))
    window = open_window().sign_in(ada.email).open_chat("Knut")
    expect(window.find(".message", "One")).to_be_visible()
    return window, knut, conversation_id


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_the_server_restarts(
    pair: tuple[Window, Person, str], server: RunningServer, end: str
) -> None:
    window, knut, conversation_id = pair
    window.network_may_fail = True
    getattr(server, end)()
    expect(window.find("#banner")).to_contain_text("Reconnecting…")
    window.say("Two, written while away")
    expect(window.find(".message.unsent")).to_have_count(1)
    server.restart()
    window.page.evaluate("() => window.dispatchEvent(new Event('online'))")
    knut.socket().command("message.send", text_message(conversation_id, "Three", "three"))
    window.expect_ticks("Two, written while away", "Sent")
    expect(window.find(".message.theirs", "Three")).to_be_visible()
    expect(window.find("#banner")).to_be_hidden()
    window.expect_credits(WELCOME_CREDITS - 1)
    stored = knut.all_of(f"conversations/{conversation_id}/messages")
    window.expect_said([message["text"] for message in reversed(stored)])
    assert sorted(window.said()) == ["One", "Three", "Two, written while away"]


def test_a_lost_ack_neither_doubles_nor_charges_twice(
    open_window: OpenWindow, register: Register
) -> None:
    """The server stores a message, the connection breaks before the answer: the same message
    goes out again under its own name."""

    def swallow(line: Line, frame: str) -> bool:
        is_answer = '"message":{' in frame and not line.swallowed
        if is_answer:
            line.break_off()
        return is_answer

    line = Line(swallow)
    bea, leif = register("Bea"), register("Leif")
    bea.open_conversation(leif)
    window = open_window(line=line).sign_in(bea.email).open_chat("Leif")
    window.say("Only once")
    window.expect_ticks("Only once", "Sent")
    assert len(line.swallowed) == 1
    window.expect_said(["Only once"])
    window.expect_credits(WELCOME_CREDITS - 1)
    assert bea.wallet()["available"] == WELCOME_CREDITS - 1


def test_a_lost_push_shows_as_a_gap(open_window: OpenWindow, register: Register) -> None:
    line = Line(lambda line, frame: '"type":"message.new"' in frame and not line.swallowed)
    cleo, mats = register("Cleo"), register("Mats")
    conversation_id = mats.open_conversation(cleo)
    window = open_window(line=line).sign_in(cleo.email).open_chat("Mats")
    socket = mats.socket()
    for number in ("1", "2", "3"):
        socket.command("message.send", text_message(conversation_id, number, number))
    window.expect_said(["1", "2", "3"])
    assert len(line.swallowed) == 1


def test_a_reload_keeps_what_waits(open_window: OpenWindow, register: Register) -> None:
    """Who is signed in, where one was and what has not been sent."""
    line = Line()
    elin, sven = register("Elin"), register("Sven")
    conversation_id = sven.open_conversation(elin)
    window = open_window(line=line).sign_in(elin.email).open_chat("Sven")
    line.cut()
    expect(window.find("#banner")).to_be_visible()
    window.say("Patience")
    expect(window.find(".message.unsent", "Patience")).to_be_visible()
    line.is_cut = False
    window.page.reload()
    window.is_ready()
    window.expect_ticks("Patience", "Sent")
    texts = [m["text"] for m in sven.all_of(f"conversations/{conversation_id}/messages")]
    assert texts == ["Patience"]


def test_too_few_credits_lead_to_the_shop(open_window: OpenWindow, register: Register) -> None:
    dina, _odd = register("Dina"), register("Odd")
    window = open_window().sign_in(dina.email).write_to("Odd")
    for number in range(WELCOME_CREDITS):
        window.say(f"number {number}")
        window.expect_ticks(f"number {number}", "Sent")
    window.expect_credits(0)
    window.say("one too many")
    expect(window.find("#credits-dialog")).to_be_visible()
    window.page.keyboard.press("Escape")
    refused = window.find(".message.failed", "one too many")
    expect(refused.get_by_role("alert")).to_contain_text("Not sent.")
    window.say("this neither")
    expect(window.find("#credits-dialog")).to_be_visible()
    window.page.keyboard.press("Escape")
    window.find(".message.failed", "this neither").get_by_role("button", name="Delete").click()

    refused.get_by_role("button", name="Buy credits").click()
    dialog = window.find("#credits-dialog")
    dialog.get_by_role("button", name="Continue").click()
    dialog.get_by_role("button", name="Pay").click()
    dialog.get_by_role("button", name="Done").click()
    refused.get_by_role("button", name="Try again").click()
    window.expect_ticks("one too many", "Sent")
    window.expect_credits(120 - 1)
    texts = [f"number {number}" for number in range(WELCOME_CREDITS)]
    window.expect_said([*texts, "one too many"])
