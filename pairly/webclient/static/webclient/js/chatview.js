/** One conversation: its head, its messages with paging upwards, and the composer. */
import { avatar } from "./avatar.js";
import { buildRow, rowsOf, signatureOf, updateRow } from "./bubbles.js";
import { $, reconcile, setText } from "./dom.js";
import { countryName, credits } from "./format.js";
import { replace } from "./router.js";
import { on, state } from "./store.js";
import { toastError } from "./toasts.js";
import { menu } from "./widgets.js";

const NEAR_PIXELS = 90;
const TYPING_PAUSE_MILLISECONDS = 5000;

export function createChatView(client, { openCredits, openPerson, openReport, toggleBlock }) {
  const pane = $("messages");
  const rows = $("rows");
  const text = $("composer-text");
  const drafts = new Map();
  let id = null;
  let stopListening = () => {};
  let unreadAfter = null;
  let atEnd = true;
  let newestShown = 0;
  let pageComing = false;
  let finding = null;
  let stroke = null;

  const current = () => state.conversations.get(id);
  const actions = { retry: client.outbox.retry, discard: client.outbox.discard, buy: openCredits };

  on("unsent", render);
  on("blocked", render);
  on("prices", showPrice);
  on("conversations", () => id && $("chat").hidden && find());
  pane.addEventListener("scroll", scrolled, { passive: true });
  new ResizeObserver(() => atEnd && toEnd()).observe(pane);
  $("to-end").addEventListener("click", () => toEnd(true));
  $("chat-person").addEventListener("click", () => current() && openPerson(current().peer));
  $("chat-call-audio").addEventListener("click", () => client.calls.start(current().peer, "audio"));
  $("chat-call-video").addEventListener("click", () => client.calls.start(current().peer, "video"));
  $("unblock").addEventListener("click", () => toggleBlock(current().peer));
  $("composer").addEventListener("submit", submit);
  text.addEventListener("keydown", keyed);
  text.addEventListener("input", typed);
  text.addEventListener("blur", stopTyping);
  for (const name of ["focus", "blur"]) window.addEventListener(name, looked);
  document.addEventListener("visibilitychange", looked);
  menu("chat-menu-button", "chat-menu", {
    profile: () => openPerson(current().peer),
    report: () => openReport(current().peer),
    block: () => toggleBlock(current().peer),
  });

  /** Open a conversation, or none. */
  function open(newId) {
    if (newId === id) return;
    leave();
    id = newId;
    $("chats").classList.toggle("one-open", id !== null);
    $("no-chat").hidden = id !== null;
    $("chat").hidden = true;
    if (id === null) return;
    stopListening = on(`conversation:${id}`, render);
    find();
  }

  function leave() {
    if (id) {
      stopTyping();
      drafts.set(id, text.value);
    }
    stopListening();
    rows.replaceChildren();
    [unreadAfter, atEnd, newestShown] = [null, true, 0];
  }

  async function find() {
    const wanted = id;
    if (finding === wanted) return;
    if (!current() && !state.wallet) return; // state is being read; `conversations` comes
    finding = wanted;
    try {
      const found = await client.chat.find(wanted);
      if (wanted !== id) return;
      if (!found) {
        replace("chats");
        return;
      }
      if (found.unread) unreadAfter = found.my_read_seq;
      begin(found);
      await client.chat.loadMessages(wanted);
    } catch (error) {
      if (wanted === id) toastError(error);
    } finally {
      if (finding === wanted) finding = null;
    }
  }

  function begin(conversation) {
    $("chat").hidden = false;
    text.value = drafts.get(id) || "";
    fit();
    showHead(conversation);
    render();
    if (matchMedia("(pointer: fine)").matches) text.focus({ preventScroll: true });
  }

  // Showing

  function render() {
    const conversation = current();
    if (!conversation || $("chat").hidden) return;
    showHead(conversation);
    if (!conversation.messages) {
      client.chat.loadMessages(id).catch(toastError);
      return;
    }
    const shown = rowsOf(conversation, unreadAfter);
    const before = { height: pane.scrollHeight, top: pane.scrollTop, first: rows.firstElementChild?.dataset.key };
    reconcile(rows, shown, {
      key: (row) => row.key,
      signature: (row) => signatureOf(row, conversation),
      build: (row) => buildRow(row, conversation, actions),
      update: (child, row) => updateRow(child, row, conversation),
    });
    $("older").hidden = !conversation.hasOlder;
    place(before, shown);
    looked();
  }

  /** Stay at the end if one was there; where older messages came on top, stay at what is read. */
  function place(before, shown) {
    const newest = shown.filter((row) => row.message || row.item).at(-1);
    const isNew = newest && newest.key !== newestShown;
    if (newest) newestShown = newest.key;
    if (atEnd || (isNew && newest.item)) toEnd();
    else if (shown[0]?.key !== before.first || pageComing) {
      pane.scrollTop = before.top + pane.scrollHeight - before.height;
    } else if (isNew) setText($("to-end-text"), "New message");
  }

  function showHead(conversation) {
    const { peer } = conversation;
    const sign = JSON.stringify(peer);
    if ($("chat-avatar").dataset.sign !== sign) {
      $("chat-avatar").dataset.sign = sign;
      $("chat-avatar").replaceChildren(avatar(peer));
    }
    setText($("chat-name"), peer.display_name);
    const facts = [peer.age, countryName(peer.country)].filter(Boolean).join(" · ");
    setText($("chat-subtitle"), conversation.typing ? "typing…" : facts);
    $("chat-subtitle").classList.toggle("typing-word", conversation.typing);
    const isBlocked = state.blocked.has(peer.id);
    $("composer").hidden = isBlocked;
    $("blocked-note").hidden = !isBlocked;
    $("chat-call-audio").hidden = $("chat-call-video").hidden = isBlocked;
    setText($("chat-block-word"), isBlocked ? "Unblock" : "Block");
  }

  function showPrice() {
    const price = state.prices.text;
    if (price !== undefined) setText($("composer-price"), price ? credits(price) : "free");
    text.maxLength = state.limits.message_text_characters_max;
  }

  // Scrolling and reading

  function toEnd(smooth = false) {
    pane.scrollTo({ top: pane.scrollHeight, behavior: smooth ? "smooth" : "instant" });
    atEnd = true;
    $("to-end").hidden = true;
  }

  function scrolled() {
    atEnd = pane.scrollHeight - pane.scrollTop - pane.clientHeight < NEAR_PIXELS;
    $("to-end").hidden = atEnd;
    if (atEnd) setText($("to-end-text"), "Latest");
    if (pane.scrollTop < 300) loadOlder();
    looked();
  }

  async function loadOlder() {
    if (pageComing || !current()?.hasOlder) return;
    pageComing = true;
    try {
      await client.chat.loadOlder(id);
      await Promise.resolve(); // the page is drawn before another may be asked for
    } catch (error) {
      toastError(error);
    } finally {
      pageComing = false;
    }
  }

  /** Read is what a person saw: the window is in front, and the end of the chat in sight. */
  function looked() {
    const conversation = current();
    if (!conversation?.messages || $("chat").hidden || $("chats").hidden) return;
    if (!document.hasFocus() || document.hidden || !atEnd) return;
    if (conversation.last_seq > conversation.my_read_seq) client.receipts.read(id, conversation.last_seq);
  }

  // Writing

  function submit(event) {
    event.preventDefault();
    const wanted = text.value.trim();
    if (!wanted || !current()) return;
    text.value = "";
    clearTimeout(stroke); // the message itself ends the typing
    stroke = null;
    fit();
    unreadAfter = null;
    client.outbox.add(id, wanted);
    text.focus();
  }

  /** Enter sends and Shift+Enter breaks the line; not while a word is being composed, nor on a
   * phone, where there is no Shift. */
  function keyed(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    if (!matchMedia("(pointer: fine)").matches) return;
    event.preventDefault();
    $("composer").requestSubmit();
  }

  function typed() {
    fit();
    if (!text.value.trim()) {
      stopTyping();
      return;
    }
    client.typing(id, true);
    clearTimeout(stroke);
    stroke = setTimeout(stopTyping, TYPING_PAUSE_MILLISECONDS);
  }

  function stopTyping() {
    if (stroke !== null) client.typing(id, false);
    clearTimeout(stroke);
    stroke = null;
  }

  function fit() {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
    document.querySelector("#composer .send").disabled = !text.value.trim();
  }

  /** Nothing of one person is left for the next. */
  function reset() {
    open(null);
    drafts.clear();
  }

  return {
    open,
    reset,
    get id() {
      return id;
    },
  };
}
