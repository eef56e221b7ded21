"""What two people do with messages in two windows: edit, delete, answer, attach, put away."""

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, expect

from tests.browser.conftest import WELCOME_CREDITS, OpenWindow, Window
from tests.clients import Person, text_message

Register = Callable[..., Person]


def picture(width: int = 300, height: int = 200) -> FilePayload:
    encoded = BytesIO()
    Image.linear_gradient("L").resize((width, height)).save(encoded, "PNG")
    return {"name": "view.png", "mimeType": "image/png", "buffer": encoded.getvalue()}


@pytest.fixture
def windows(open_window: OpenWindow, register: Register) -> tuple[Window, Window]:
    """Ada and Knut, each in the chat with the other, Knut on a phone."""
    ada, knut = register("Ada"), register("Knut")
    conversation_id = knut.open_conversation(ada)
    knut.socket().command("message.send", text_message(conversation_id, "One", "one"))
    desk = open_window().sign_in(ada.email).open_chat("Knut")
    phone = open_window(390, 844).sign_in(knut.email).open_chat("Ada")
    for window in (desk, phone):
        window.expect_said(["One"])
    return desk, phone


def choose(window: Window, text: str, entry: str) -> None:
    """An entry of the menu of the first message with this text."""
    message = window.find(".message", text).first
    message.hover()
    message.get_by_role("button", name="What to do with this message").click()
    window.find("#message-menu").get_by_role("menuitem", name=entry, exact=True).click()


def agree(window: Window) -> None:
    window.find("#confirm-dialog").get_by_role("button", name="Delete").click()


def test_a_message_is_edited(windows: tuple[Window, Window]) -> None:
    desk, phone = windows
    desk.say("Two")
    phone.expect_said(["One", "Two"])
    desk.find("#composer-text").fill("a draft")
    choose(desk, "Two", "Edit")
    expect(desk.find("#composer-text")).to_have_value("Two")
    expect(desk.find("#composer-price")).to_be_empty()
    desk.find("#composer-text").fill("Two, and a half")
    desk.find("#composer-text").press("Enter")
    for window in (desk, phone):
        window.expect_said(["One", "Two, and a half"])
        expect(window.find(".message", "Two").locator(".meta")).to_contain_text("edited")
    # What was being written before is back; Escape leaves an edit as the arrow up begins one.
    expect(desk.find("#composer-text")).to_have_value("a draft")
    desk.find("#composer-text").fill("")
    desk.find("#composer-text").press("ArrowUp")
    expect(desk.find("#context-title")).to_have_text("Edit message")
    desk.find("#composer-text").press("Escape")
    expect(desk.find("#composer-context")).to_be_hidden()
    desk.expect_credits(WELCOME_CREDITS - 1)
    # Of the other's messages there is nothing to edit.
    phone.find(".message.theirs").last.get_by_role("button", name="What to do").click()
    expect(phone.find("#message-menu").get_by_role("menuitem")).to_have_text(
        ["Reply", "Report", "Delete for me"]
    )


def test_messages_are_deleted_for_one_and_for_both(windows: tuple[Window, Window]) -> None:
    desk, phone = windows
    for text in ("Two", "Three"):
        desk.say(text)
    phone.expect_said(["One", "Two", "Three"])
    choose(desk, "Three", "Delete for both")
    agree(desk)
    desk.expect_said(["One", "Two", "You deleted this message"])
    phone.expect_said(["One", "Two", "This message was deleted"])
    choose(phone, "Two", "Delete for me")
    agree(phone)
    phone.expect_said(["One", "This message was deleted"])
    desk.expect_said(["One", "Two", "You deleted this message"])
    phone.find(".chat-head").get_by_role("link", name="Back").click()
    expect(phone.find(".conversation .preview")).to_have_text("Message deleted")
    # What comes next stands in its place, and after a reload all is as it was.
    desk.say("Four")
    phone.find(".conversation").click()
    phone.expect_said(["One", "This message was deleted", "Four"])
    phone.page.reload()
    phone.expect_said(["One", "This message was deleted", "Four"])


def test_an_answer_shows_what_it_answers(windows: tuple[Window, Window]) -> None:
    desk, phone = windows
    desk.network_may_fail = True  # asking for what is gone
    choose(desk, "One", "Reply")
    expect(desk.find("#context-title")).to_have_text("Reply to Knut")
    desk.say("An answer")
    for window, who in ((desk, "Knut"), (phone, "You")):
        quote = window.find(".message", "An answer").locator(".quote")
        expect(quote).to_have_text(f"{who}One")
    choose(phone, "One", "Delete for both")
    agree(phone)
    expect(desk.find(".quote")).to_have_text("KnutMessage deleted")
    # For oneself: what is quoted is no longer there, also not after a reload.
    choose(desk, "This message was deleted", "Delete for me")
    agree(desk)
    for _ in range(2):
        expect(desk.find(".quote")).to_have_text("A message that is no longer here")
        desk.page.reload()


def test_files_travel_with_messages(windows: tuple[Window, Window]) -> None:
    desk, phone = windows
    bad: FilePayload = {"name": "x.exe", "mimeType": "", "buffer": b"MZ\x90\x00"}
    desk.network_may_fail = True  # the refusal itself
    desk.find("#attach-input").set_input_files([picture(), bad, picture(200, 300)])
    expect(desk.find(".tray-item.ready")).to_have_count(2)
    expect(desk.find(".tray-item.failed")).to_contain_text("cannot be sent")
    expect(desk.find("#composer .send")).to_be_disabled()
    desk.find("#tray").get_by_role("button", name="Remove x.exe").click()
    expect(desk.find("#composer-price")).to_have_text("2 credits")
    desk.say("The view from here")
    for window in (desk, phone):
        expect(window.find(".message", "The view").locator(".media-image img[src]")).to_have_count(
            2
        )
    desk.expect_credits(WELCOME_CREDITS - 2)
    desk.expect_ticks("The view", "Read")
    phone.find(".media-image").first.click()
    shown = phone.find("#lightbox-image")
    expect(shown).to_be_visible()
    assert shown.evaluate("(one) => one.decode().then(() => one.naturalWidth)") == 300
    phone.find("#lightbox").get_by_role("button", name="Close").click()
    # A file is saved under its name.
    document: FilePayload = {
        "name": "plan.pdf",
        "mimeType": "application/pdf",
        "buffer": b"%PDF-1.7\n",
    }
    desk.find("#attach-input").set_input_files([document])
    expect(desk.find(".tray-item.ready")).to_have_count(1)
    desk.find("#composer .send").click()
    with phone.page.expect_download() as download:
        phone.find(".media-file", "plan.pdf").click()
    assert download.value.suggested_filename == "plan.pdf"
    phone.find(".chat-head").get_by_role("link", name="Back").click()
    expect(phone.find(".conversation .preview")).to_have_text("File")


def test_a_chat_is_muted_and_put_away(windows: tuple[Window, Window]) -> None:
    desk, phone = windows
    phone.find("#chat-menu-button").click()
    phone.find("#chat-menu").get_by_role("menuitem", name="Mute").click()
    expect(phone.find("#chat-muted")).to_be_visible()
    phone.find("#chat-menu-button").click()
    phone.find("#chat-menu").get_by_role("menuitem", name="Archive").click()
    expect(phone.find(".conversation")).to_have_count(0)
    phone.find("#archive-line").click()
    expect(phone.find("#chats-title")).to_have_text("Archived")
    expect(phone.find(".conversation")).to_contain_text("Ada")
    # A message brings it back; muted, it asks for no attention.
    desk.say("Are you there?")
    expect(phone.find("#chats-title")).to_have_text("Chats")
    expect(phone.find(".conversation .badge.muted")).to_have_text("1 unread")
    expect(phone.page).to_have_title("Pairly")
    phone.open_chat("Ada")
    expect(phone.find(".message.theirs", "Are you there?")).to_be_visible()
    phone.find("#chat-menu-button").click()
    phone.find("#chat-menu").get_by_role("menuitem", name="Unmute").click()
    expect(phone.find("#chat-muted")).to_be_hidden()


def test_a_message_is_reported(windows: tuple[Window, Window]) -> None:
    desk, _phone = windows
    choose(desk, "One", "Report")
    report = desk.find("#report-dialog")
    expect(report.get_by_role("heading")).to_have_text("Report this message")
    report.get_by_label("What is wrong?").select_option(label="Harassment")
    report.get_by_role("button", name="Send report").click()
    expect(desk.find(".toast", "Thank you")).to_be_visible()
