/** Where one writes: text, a message that is answered or edited, and files. */
import { createTray, summaryOf } from "./attachments.js";
import { $, setText } from "./dom.js";
import { credits } from "./format.js";
import { mayEdit } from "./messagemenu.js";
import { on, state } from "./store.js";
import { toastError } from "./toasts.js";

const TYPING_PAUSE_MILLISECONDS = 5000;

/** `current()` gives the open conversation; `onSent()` hears that something is on its way. */
export function createComposer(client, { current, onSent }) {
  const form = $("composer");
  const text = $("composer-text");
  const picker = $("attach-input");
  const tray = createTray();
  const drafts = new Map(); // conversation id -> {text, replyTo}
  let id = null;
  let replyTo = null; // a message
  let editing = null; // a message
  let stroke = null;

  on("tray", () => (tray.draw(), fit()));
  on("prices", fit);
  form.addEventListener("submit", submit);
  text.addEventListener("keydown", keyed);
  text.addEventListener("input", typed);
  text.addEventListener("blur", stopTyping);
  text.addEventListener("paste", (event) => pasted(event.clipboardData, event));
  $("context-close").addEventListener("click", () => (leaveContext(), text.focus()));
  $("attach").addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    addFiles(picker.files);
    picker.value = "";
  });
  $("chat").addEventListener("dragover", (event) => hasFiles(event.dataTransfer) && event.preventDefault());
  $("chat").addEventListener("drop", (event) => pasted(event.dataTransfer, event));

  function open(newId) {
    id = newId;
    const draft = drafts.get(id) || { text: "", replyTo: null };
    text.value = draft.text;
    replyTo = draft.replyTo;
    showContext();
    if (matchMedia("(pointer: fine)").matches) text.focus({ preventScroll: true });
  }

  function leave() {
    if (id === null) return;
    stopTyping();
    if (editing) leaveContext();
    drafts.set(id, { text: text.value, replyTo });
    tray.clear();
    [id, replyTo] = [null, null];
  }

  // What the text is about

  function reply(message) {
    if (editing) leaveContext();
    replyTo = message;
    showContext();
    text.focus();
  }

  /** What was being written waits until the edit is over. */
  function edit(message) {
    if (!editing) drafts.set(id, { text: text.value, replyTo });
    [editing, replyTo] = [message, null];
    text.value = message.text;
    showContext();
    text.focus();
  }

  function leaveContext() {
    if (editing) {
      const draft = drafts.get(id);
      editing = null;
      text.value = draft.text;
      replyTo = draft.replyTo;
    } else replyTo = null;
    showContext();
  }

  function showContext() {
    const message = editing || replyTo;
    $("composer-context").hidden = !message;
    $("attach").hidden = editing !== null;
    form.classList.toggle("edits", editing !== null);
    $("send-icon").setAttribute("href", editing ? "#i-check" : "#i-send");
    form.querySelector(".send").setAttribute("aria-label", editing ? "Save" : "Send");
    if (message) {
      const mine = message.sender_id === state.me.id;
      $("context-icon").setAttribute("href", editing ? "#i-edit" : "#i-reply");
      setText($("context-title"), editing ? "Edit message" : mine ? "Reply to yourself" : `Reply to ${current().peer.display_name}`);
      setText($("context-excerpt"), summaryOf(message));
    }
    fit();
  }

  /** What is answered or edited may be deleted meanwhile. */
  function follow(conversation) {
    const message = editing || replyTo;
    if (!message || !conversation.messages) return;
    const now = conversation.messages.find((one) => one.id === message.id);
    const isFurtherUp = conversation.hasOlder && message.seq < conversation.messages[0].seq;
    if (now ? now.deleted_at !== null : !isFurtherUp) leaveContext();
  }

  // Writing

  function submit(event) {
    event.preventDefault();
    if (!current() || !maySend()) return;
    const wanted = text.value.trim();
    clearTimeout(stroke); // the message itself ends the typing
    stroke = null;
    if (editing) save(editing, wanted);
    else send(wanted);
    text.focus();
  }

  function send(wanted) {
    const groups = tray.take();
    if (!groups.length) groups.push({ kind: "text", attachments: [] });
    const answered = replyTo?.id || null;
    text.value = "";
    leaveContext();
    groups.forEach((group, place) =>
      client.outbox.add(id, { ...group, text: place ? "" : wanted, replyTo: place ? null : answered }));
    onSent();
  }

  async function save(message, wanted) {
    leaveContext();
    if (wanted === message.text) return;
    try {
      await client.edit(message.id, wanted);
    } catch (error) {
      toastError(error);
    }
  }

  function maySend() {
    const wanted = text.value.trim();
    if (editing) return wanted !== "" || editing.attachments.length > 0;
    return tray.isReady && (wanted !== "" || !tray.isEmpty);
  }

  /** Enter sends and Shift+Enter breaks the line; not while a word is being composed, nor on a
   * phone, where there is no Shift. Escape leaves, and the arrow up edits what one said last. */
  function keyed(event) {
    if (event.isComposing) return;
    if (event.key === "Escape" && (editing || replyTo)) {
      event.preventDefault();
      leaveContext();
    } else if (event.key === "ArrowUp" && !text.value && !editing) {
      const last = lastOwn();
      if (!last) return;
      event.preventDefault();
      edit(last);
    } else if (event.key === "Enter" && !event.shiftKey && matchMedia("(pointer: fine)").matches) {
      event.preventDefault();
      form.requestSubmit();
    }
  }

  function lastOwn() {
    const mine = current()?.messages?.filter((one) => one.sender_id === state.me.id) || [];
    const last = mine.at(-1);
    return last && mayEdit(last) ? last : null;
  }

  function pasted(transfer, event) {
    if (editing || !hasFiles(transfer)) return;
    event.preventDefault();
    addFiles(transfer.files);
  }

  function addFiles(files) {
    tray.add(files);
    text.focus();
  }

  function typed() {
    fit();
    if (!text.value.trim() || editing) {
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
    text.maxLength = state.limits.message_text_characters_max;
    text.placeholder = tray.isEmpty ? "Write a message" : "Add a caption";
    form.querySelector(".send").disabled = !maySend();
    showPrice();
  }

  function showPrice() {
    const kinds = tray.isEmpty ? ["text"] : tray.kinds;
    const price = kinds.reduce((sum, kind) => sum + (state.prices[kind] || 0), 0);
    const known = kinds.every((kind) => state.prices[kind] !== undefined);
    setText($("composer-price"), !known || editing || !kinds.length ? "" : price ? credits(price) : "free");
  }

  /** Nothing of one person is left for the next. */
  function reset() {
    leave();
    drafts.clear();
  }

  return { edit, follow, leave, open, reply, reset };
}

function hasFiles(transfer) {
  return [...(transfer?.types || [])].includes("Files");
}
