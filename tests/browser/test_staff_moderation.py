"""A moderator works through the queue, and reads a conversation; a colleague may not."""

from collections.abc import Callable
from uuid import uuid4

from playwright.sync_api import expect

from messaging.attachments.tests.samples import picture
from tests.browser.test_staff_people import do
from tests.browser.test_staff_site import OpenSite, hire, open_site
from tests.clients import Person
from tests.servers import RunningServer

__all__ = ["hire", "open_site"]


def threaten(sender: Person, receiver: Person) -> str:
    """A picture, and words that the classifier flags."""
    conversation = sender.open_conversation(receiver)
    address = f"conversations/{conversation}/messages"
    upload = sender.http.post("attachments", files={"file": ("a.png", picture())}).json()
    image = {"client_id": uuid4().hex, "kind": "image", "attachment_ids": [upload["id"]]}
    sender.call("POST", address, image)
    words = {"client_id": uuid4().hex, "kind": "text", "text": "I will find you and hurt you"}
    sender.call("POST", address, words)
    return conversation


def test_a_case_is_decided_with_its_words_in_sight(
    open_site: OpenSite,
    hire: Callable[[str], Person],
    register: Callable[..., Person],
    server: RunningServer,
) -> None:
    vera, walt = register("Vera"), register("Walt")
    conversation = threaten(vera, walt)
    moderator, support = hire("moderator"), hire("support")

    site = open_site()
    site.enter(moderator.email, server.do("staff_code", moderator.email).strip())
    site.find("#nav-sidebar-apps").get_by_role("link", name="Cases").click()
    row = site.find("#result_list tr", vera.email)
    expect(row).to_contain_text("Violence")
    row.get_by_role("link", name="Message").click()
    expect(site.find(".staff-line-target")).to_contain_text("I will find you and hurt you")
    shown = site.find(".staff-line img")
    expect(shown).to_have_js_property("naturalWidth", 300)
    case = site.page.url
    do(site, "Take", "Take")
    expect(site.find("body")).to_contain_text("It is yours.")

    site.page.locator("a", has_text="Resolve").first.click()
    dialog = site.find("#dialog")
    dialog.get_by_label("Take it out of sight").check()
    dialog.get_by_label("Warn the person").check()
    dialog.get_by_label("To the person").fill("Nobody is threatened here.")
    dialog.get_by_label("Reason").fill("A threat")
    dialog.get_by_role("button", name="Decide").click()
    expect(site.find("body")).to_contain_text("Decided.")
    (notice,) = vera.all_of("moderation/notices")
    assert (notice["measures"], notice["text"]) == (["hide", "warn"], "Nobody is threatened here.")
    assert len(walt.all_of(f"conversations/{conversation}/messages?after_seq=0")) == 1

    site.find("#nav-sidebar-apps").get_by_role("link", name="Messages").click()
    site.find("form").get_by_label("Written by").fill(vera.email)
    site.find("form").get_by_label("Why you read private messages").fill("A complaint")
    site.page.get_by_role("button", name="Search").click()
    expect(site.find(".staff-line")).to_have_count(2)
    site.find(".staff-line", "hidden by staff").get_by_role("link", name="In its conv").click()
    expect(site.find(".staff-line-target")).to_contain_text("hurt you")
    expect(site.find(".staff-facts")).to_contain_text("A complaint")

    colleague = open_site()
    colleague.enter(support.email, server.do("staff_code", support.email).strip())
    expect(colleague.find("#nav-sidebar-apps")).not_to_contain_text("Messages")
    colleague.page.goto(case)
    expect(colleague.find("body")).to_contain_text("Your role does not read private content.")
    expect(colleague.find("body")).not_to_contain_text("hurt you")
