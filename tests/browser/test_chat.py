"""Two people in two windows: they find each other, write, and see what the other does."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import WELCOME_CREDITS, OpenWindow
from tests.clients import CREATED_PASSWORD, Person, create_people, text_message
from tests.servers import RunningServer

Register = Callable[..., Person]


def test_two_people_register_find_each_other_and_write(open_window: OpenWindow) -> None:
    nora, emil = open_window(), open_window(390, 844, color_scheme="dark")
    for window, name, born in ((nora, "Nora", "1992-04-03"), (emil, "Emil", "1988-09-30")):
        window.find("#tab-register").click()
        form = window.find("#register-form")
        form.get_by_label("Your name").fill(name)
        form.get_by_label("E-mail").fill(f"{name.lower()}@example.test")
        form.get_by_label("Password").fill("quiet-harbour-42")
        form.get_by_label("Birth date").fill(born)
        form.get_by_label("Country").select_option(label="Norway")
        form.get_by_role("button", name="Create account").click()
        window.is_ready().expect_credits(WELCOME_CREDITS)

    nora.find("[data-nav=people]").click()
    nora.find("#filters").get_by_label("Country").select_option(label="Iceland")
    expect(nora.find("#no-people")).to_be_visible()
    nora.find("#filters").get_by_role("button", name="Clear").click()
    nora.write_to("Emil")
    expect(nora.find("#composer-price")).to_have_text("1 credit")
    emil.look_away()
    nora.say("Hello Emil!")
    nora.expect_credits(WELCOME_CREDITS - 1)
    nora.expect_ticks("Hello Emil!", "Delivered")

    expect(emil.find(".conversation .badge")).to_have_text("1 unread")
    expect(emil.page).to_have_title("(1) Pairly")
    emil.open_chat("Nora")
    expect(emil.find(".day.new")).to_be_visible()
    nora.expect_ticks("Hello Emil!", "Delivered")
    emil.look_back()
    nora.expect_ticks("Hello Emil!", "Read")
    expect(emil.page).to_have_title("Pairly")

    emil.find("#composer-text").press_sequentially("Hi")
    expect(nora.find(".bubble.typing")).to_be_visible()
    expect(nora.find("#chat-subtitle")).to_have_text("typing…")
    emil.find("#composer .send").click()
    expect(nora.find(".message.theirs", "Hi")).to_be_visible()
    expect(nora.find(".bubble.typing")).to_be_hidden()
    emil.expect_ticks("Hi", "Read")
    emil.expect_credits(WELCOME_CREDITS - 1)
    for window in (nora, emil):
        window.expect_said(["Hello Emil!", "Hi"])
    expect(nora.find(".day")).to_have_text("Today")


def test_a_person_has_several_windows(open_window: OpenWindow, register: Register) -> None:
    """What one does in one window shows in the other, read state and balance included."""
    ida, olaf = register("Ida"), register("Olaf")
    one, other = open_window().sign_in(ida.email), open_window().sign_in(ida.email)
    one.write_to("Olaf").say("From the first window")
    other.expect_credits(WELCOME_CREDITS - 1)
    other.open_chat("Olaf")
    other.expect_said(["From the first window"])
    other.look_away()
    one.find("[data-nav=people]").click()
    conversation_id = olaf.all_of("conversations")[0]["id"]
    olaf.socket().command("message.send", text_message(conversation_id, "Seen?", "seen-1"))
    for window in (one, other):
        expect(window.page).to_have_title("(1) Pairly")
    other.look_back()
    for window in (one, other):
        expect(window.page).to_have_title("Pairly")


@pytest.fixture(scope="module")
def crowd(server: RunningServer) -> Iterator[list[Person]]:
    people = create_people(server, 30, credits=120)
    yield people
    for person in people:
        person.close()


def test_the_directory_shows_more_on_request(
    open_window: OpenWindow, crowd: list[Person], register: Register
) -> None:
    window = open_window().sign_in(register("Vera").email)
    window.find("[data-nav=people]").click()
    expect(window.find(".card")).to_have_count(24)
    window.find("#more-people").click()
    expect(window.find(".card").nth(len(crowd))).to_be_attached()
    expect(window.find("#more-people")).to_be_hidden()
    names = window.find(".card b").all_text_contents()
    assert len(set(names)) >= len(crowd)
    assert not any(name.startswith("Vera") for name in names)


def test_the_history_comes_page_by_page(open_window: OpenWindow, crowd: list[Person]) -> None:
    """Three pages of messages: none is missing, none stands twice, and the view stays put."""
    reader, writer = crowd[:2]
    conversation_id, sockets = writer.open_conversation(reader), (writer.socket(), reader.socket())
    lines = [f"line {number}!" for number in range(1, 121)]
    for number, line in enumerate(lines):
        sockets[number % 2].command("message.send", text_message(conversation_id, line, line))

    window = open_window().sign_in(reader.email, CREATED_PASSWORD)
    window.find(".conversation").click()
    expect(window.find(".message", "line 120!")).to_be_in_viewport()
    window.expect_said(lines[70:])
    for already in (50, 100):
        window.page.evaluate("() => (document.getElementById('messages').scrollTop = 0)")
        expect(window.find(".message").nth(already)).to_be_attached()
        seen = window.find(".message", lines[-already])
        expect(seen).to_be_in_viewport()
    expect(window.find("#older")).to_be_hidden()
    window.expect_said(lines)

    window.find("#to-end").click()
    expect(window.find(".message", "line 120!")).to_be_in_viewport()


def test_blocking_and_reporting(open_window: OpenWindow, register: Register) -> None:
    mia, rolf = register("Mia"), register("Rolf")
    window = open_window().sign_in(mia.email).write_to("Rolf")
    window.say("Hello")
    window.find("#chat-menu-button").click()
    window.find("#chat-menu").get_by_role("menuitem", name="Report").click()
    report = window.find("#report-dialog")
    report.get_by_label("What is wrong?").select_option(label="Spam")
    report.get_by_label("Details").fill("Advertises everywhere.")
    report.get_by_role("button", name="Send report").click()
    expect(window.find(".toast", "Thank you")).to_be_visible()

    window.find("#chat-menu-button").press("ArrowDown")
    for key in ("ArrowUp", "Enter"):
        window.page.keyboard.press(key)
    window.find("#confirm-dialog").get_by_role("button", name="Block").click()
    expect(window.find("#blocked-note")).to_be_visible()
    expect(window.find("#composer")).to_be_hidden()
    window.find("[data-nav=people]").click()
    expect(window.find(".card", "Rolf")).to_have_count(0)

    window.open_chat("Rolf")
    window.find("#unblock").click()
    expect(window.find("#composer")).to_be_visible()
    rolf.socket().command(
        "message.send", text_message(rolf.all_of("conversations")[0]["id"], "Sorry.", "sorry")
    )
    expect(window.find(".message.theirs", "Sorry.")).to_be_visible()


def test_a_profile_is_changed_and_read_receipts_switched_off(
    open_window: OpenWindow, register: Register
) -> None:
    tess, hugo = register("Tess"), register("Hugo")
    window = open_window().sign_in(tess.email)
    window.find("#account-button").click()
    window.find("#account-menu").get_by_role("menuitem", name="Profile").click()
    settings = window.find("#settings-dialog")
    settings.get_by_label("About you").fill("Climbs, reads, cooks.")
    settings.get_by_role("switch", name="Send read receipts").uncheck()
    settings.get_by_role("radio", name="Dark").click()
    settings.get_by_role("button", name="Save").click()
    expect(window.find(".toast", "Saved")).to_be_visible()
    assert tess.call("GET", "me")["bio"] == "Climbs, reads, cooks."
    assert window.page.evaluate("() => document.documentElement.dataset.theme") == "dark"

    conversation_id = hugo.open_conversation(tess)
    socket = hugo.socket()
    socket.command("message.send", text_message(conversation_id, "Read this", "read-this"))
    window.open_chat("Hugo")
    expect(window.find(".message", "Read this")).to_be_visible()
    receipt = socket.event("receipt.updated")["data"]
    assert (receipt["delivered_seq"], receipt["read_seq"]) == (1, 0)
    expect(window.page).to_have_title("Pairly")


def test_signed_out_from_elsewhere(open_window: OpenWindow, register: Register) -> None:
    iris = register("Iris")
    window = open_window().sign_in(iris.email)
    window.network_may_fail = True  # what it asks for just then is answered by a 401
    iris.call("POST", "auth/logout-all")
    expect(window.find("#sign-in-note")).to_have_text(re.compile("You were signed out"))
    window.sign_in(iris.email)
    window.find("#account-button").click()
    window.find("#account-menu").get_by_role("menuitem", name="Sign out").click()
    expect(window.find("#sign-in")).to_be_visible()
    assert window.page.evaluate("() => sessionStorage.length") == 0


def test_a_wrong_password_is_told_at_the_form(open_window: OpenWindow) -> None:
    window = open_window()
    window.network_may_fail = True  # the 401 itself
    form = window.find("#sign-in-form")
    form.get_by_label("E-mail").fill("nobody@example.test")
    form.get_by_label("Password").fill("wrong-password")
    form.get_by_role("button", name="Sign in").click()
    expect(form.get_by_role("alert")).to_have_text("E-mail or password is wrong.")


def test_every_view_fits_a_small_phone(open_window: OpenWindow, register: Register) -> None:
    kim, per = register("Kim"), register("Per")
    per.open_conversation(kim)
    window = open_window(360, 640)

    def fits() -> bool:
        answer: bool = window.page.evaluate(
            "() => document.documentElement.scrollWidth <= innerWidth &&"
            " [...document.querySelectorAll('#sign-in main, #main section, dialog[open]')].every("
            " (one) => one.scrollWidth <= one.clientWidth)"
        )
        return answer

    assert fits()
    window.find("#tab-register").click()
    window.find("#register-form").get_by_role("button").click()
    expect(window.find(".field-error")).to_have_count(4)
    assert fits()
    window.find("#tab-sign-in").click()
    window.sign_in(kim.email)
    assert fits()
    window.find("[data-nav=people]").click()
    expect(window.find(".card").first).to_be_visible()
    assert fits()
    window.write_to("Per")
    window.say("A word" + "longer" * 40)
    assert fits()
    window.find(".chat-head").get_by_role("link", name="Back").click()
    window.find("#balance").click()
    assert fits()
