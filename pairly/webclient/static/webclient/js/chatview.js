/** One conversation: its head, and its messages with paging upwards. */
import { avatar } from "./avatar.js";
import { buildRow, rowsOf, signatureOf, updateRow } from "./bubbles.js";
import { createComposer } from "./composer.js";
import { $, reconcile, setText } from "./dom.js";
import { countryName } from "./format.js";
import { createMessageMenu } from "./messagemenu.js";
import { presenceDot, presenceWord } from "./presence.js";
import { go, replace } from "./router.js";
import { on, state } from "./store.js";
import { toastError } from "./toasts.js";
import { menu } from "./widgets.js";

const NEAR_PIXELS = 90;

export function createChatView(client, { openCredits, openPerson, openReport, toggleBlock }) {
  const pane = $("messages");
  const rows = $("rows");
  let id = null;
  let stopListening = () => {};
  let unreadAfter = null;
  let atEnd = true;
  let newestShown = 0;
  let pageComing = false;
  let finding = null;

  const current = () => state.conversations.get(id);
  const composer = createComposer(client, { current, onSent: () => (unreadAfter = null) });
  const messageMenu = createMessageMenu({
    reply: composer.reply,
    edit: composer.edit,
    remove,
    report: (message) => openReport(current().peer, message),
  });
  const actions = {
    retry: client.outbox.retry,
    discard: client.outbox.discard,
    buy: openCredits,
    menu: messageMenu.open,
    show: showMessage,
  };

  on("presence", () => current() && !$("chat").hidden && showHead(current()));
  on("unsent", render);
  on("blocked", render);
  on("conversations", () => id && $("chat").hidden && find());
  pane.addEventListener("scroll", scrolled, { passive: true });
  new ResizeObserver(() => atEnd && toEnd()).observe(pane);
  $("to-end").addEventListener("click", () => toEnd(true));
  $("chat-person").addEventListener("click", () => current() && openPerson(current().peer));
  $("chat-call-audio").addEventListener("click", () => client.calls.start(current().peer, "audio"));
  $("chat-call-video").addEventListener("click", () => client.calls.start(current().peer, "video"));
  $("unblock").addEventListener("click", () => toggleBlock(current().peer));
  for (const name of ["focus", "blur"]) window.addEventListener(name, looked);
  document.addEventListener("visibilitychange", looked);
  menu("chat-menu-button", "chat-menu", {
    profile: () => openPerson(current().peer),
    mute: () => keep({ muted: !current().muted }),
    archive: () => keep({ archived: !current().archived }),
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
    composer.leave();
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
    showHead(conversation);
    render();
    composer.open(id);
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
    composer.follow(conversation);
    const shown = rowsOf(conversation, unreadAfter, client.chat.quoted);
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
    const here = presenceWord(peer.id);
    const sign = JSON.stringify([peer, here]);
    if ($("chat-avatar").dataset.sign !== sign) {
      $("chat-avatar").dataset.sign = sign;
      $("chat-avatar").replaceChildren(avatar(peer), presenceDot(peer.id) || "");
    }
    setText($("chat-name"), peer.display_name);
    const facts = [here, peer.age, countryName(peer.country)].filter(Boolean).join(" · ");
    setText($("chat-subtitle"), conversation.typing ? "typing…" : facts);
    $("chat-subtitle").classList.toggle("typing-word", conversation.typing);
    const isBlocked = state.blocked.has(peer.id);
    $("composer").hidden = isBlocked;
    $("blocked-note").hidden = !isBlocked;
    $("chat-call-audio").hidden = $("chat-call-video").hidden = isBlocked;
    setText($("chat-block-word"), isBlocked ? "Unblock" : "Block");
    setText($("chat-mute-word"), conversation.muted ? "Unmute" : "Mute");
    setText($("chat-archive-word"), conversation.archived ? "Back to the inbox" : "Archive");
    $("chat-muted").toggleAttribute("hidden", !conversation.muted);
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

  // Messages

  async function remove(message, scope) {
    try {
      await client.remove(message.id, scope);
    } catch (error) {
      toastError(error);
    }
  }

  /** Bring a message into sight, also one that is further up than what was read. */
  async function showMessage(message) {
    try {
      await client.chat.loadUntil(id, message.seq);
    } catch (error) {
      toastError(error);
      return;
    }
    await new Promise(requestAnimationFrame); // drawn by then
    const key = message.sender_id === state.me.id ? message.client_id : message.id;
    const element = [...rows.children].find((one) => one.dataset.key === key);
    element?.scrollIntoView({ block: "center", behavior: "smooth" });
    element?.animate([{ background: "var(--brand-soft)" }, { background: "transparent" }], 1600);
  }

  async function keep(change) {
    try {
      await client.keep(id, change);
      if (change.archived) go("chats");
    } catch (error) {
      toastError(error);
    }
  }

  /** Nothing of one person is left for the next. */
  function reset() {
    open(null);
    composer.reset();
  }

  return {
    open,
    reset,
    get id() {
      return id;
    },
  };
}
