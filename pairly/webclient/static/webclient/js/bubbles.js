/** The rows of a chat: days, messages, messages on their way, and who is typing. */
import { mediaOf, summaryOf } from "./attachments.js";
import { h, icon } from "./dom.js";
import { dayKey, dayOf, fullTime, timeOf } from "./format.js";
import { state } from "./store.js";
import { ticks } from "./ticks.js";

const SAME_BREATH_MILLISECONDS = 5 * 60_000;

/** What is to be seen of a conversation, top to bottom. `unreadAfter`: the newest number that had
 * been read when the chat was opened, or null. `quotedIn(conversation, id)`: see chat.js. */
export function rowsOf(conversation, unreadAfter, quotedIn) {
  const rows = [];
  let day = null;
  let previous = null;
  let marked = unreadAfter === null;
  for (const one of [...conversation.messages.map(fromMessage), ...unsentOf(conversation)]) {
    const answers = one.message?.reply_to_id;
    if (answers) one.quoted = quotedIn(conversation, answers);
    if (dayKey(one.at) !== day) {
      day = dayKey(one.at);
      rows.push({ kind: "day", key: `day ${day}`, at: one.at });
      previous = null;
    }
    if (!marked && !one.mine && one.seq > unreadAfter) {
      marked = true;
      rows.push({ kind: "unread", key: "unread" });
      previous = null;
    }
    one.first = !previous || previous.mine !== one.mine || new Date(one.at) - new Date(previous.at) > SAME_BREATH_MILLISECONDS;
    if (previous) previous.last = one.first;
    one.last = true;
    rows.push(one);
    previous = one;
  }
  if (conversation.typing) rows.push({ kind: "typing", key: "typing" });
  return rows;
}

function fromMessage(message) {
  const mine = message.sender_id === state.me.id;
  return { kind: "message", key: mine ? message.client_id : message.id, mine, at: message.created_at, message, seq: message.seq };
}

function unsentOf(conversation) {
  return state.unsent
    .filter((item) => item.conversationId === conversation.id)
    .map((item) => ({ kind: "unsent", key: item.clientId, mine: true, at: item.createdAt, item, seq: Infinity }));
}

export function signatureOf(row, conversation) {
  if (row.kind === "day") return dayOf(row.at);
  if (row.kind === "unsent") return `${row.item.status} ${row.first} ${row.last}`;
  if (row.kind !== "message") return row.kind;
  row.content = contentOf(row.message, row.quoted);
  const seen = !row.mine ? "" : row.seq <= conversation.peer_read_seq ? "read" : row.seq <= conversation.peer_delivered_seq;
  return `${row.content} ${seen} ${row.first} ${row.last}`;
}

/** What a bubble says; another content is another bubble. */
function contentOf(message, quoted) {
  const about = quoted ? `${quoted.edited_at} ${quoted.deleted_at}` : quoted;
  return [message.seq, message.edited_at, message.deleted_at, message.reply_to_id && about].join(" ");
}

/** `actions`: retry(clientId), discard(clientId), buy(), menu(button, message), show(message). */
export function buildRow(row, conversation, actions) {
  if (row.kind === "day") return h("div", { class: "day" }, h("span", {}, dayOf(row.at)));
  if (row.kind === "unread") return h("div", { class: "day new" }, h("span", {}, "New messages"));
  if (row.kind === "typing") return typingRow(conversation);
  return row.kind === "message" ? messageRow(row, conversation, actions) : unsentRow(row, actions);
}

/** Move the ticks and the corners of a message that stands there already; its text stays as it is,
 * so that a selection survives and no screen reader reads it twice. */
export function updateRow(element, row, conversation) {
  if (row.kind !== "message" || element.dataset.content !== row.content) return false;
  element.className = classesOf(row, row.message.deleted_at ? "gone" : "");
  element.querySelector(".tick")?.replaceWith(ticks(conversation, row.message.seq));
  return true;
}

function messageRow(row, conversation, actions) {
  const { message, mine } = row;
  const who = mine ? "You" : conversation.peer.display_name;
  const gone = message.deleted_at !== null;
  const edited = message.edited_at && !gone ? h("span", { title: `Edited ${fullTime(message.edited_at)}` }, "edited") : null;
  const meta = h("span", { class: "meta" }, edited,
    h("time", { datetime: message.created_at, title: `${fullTime(message.created_at)}${mine ? `, ${message.price} credits` : ""}` }, timeOf(message.created_at)),
    mine ? ticks(conversation, message.seq) : null);
  const content = gone
    ? [icon("i-block", { className: "icon" }), mine ? "You deleted this message" : "This message was deleted"]
    : [quoteOf(row, conversation, actions), mediaOf(message.attachments), message.text];
  const more = h("button", { type: "button", class: "message-more", "aria-haspopup": "menu", "aria-expanded": "false",
    "aria-label": "What to do with this message", onclick: (event) => actions.menu(event.currentTarget, message) }, icon("i-more"));
  const element = bubble(row, [h("span", { class: "visually-hidden" }, `${who}: `), ...content, meta], gone ? "gone" : "", more);
  element.dataset.content = row.content;
  return element;
}

/** What the message answers; a press leads there. */
function quoteOf({ message, quoted }, conversation, actions) {
  if (!message.reply_to_id) return null;
  if (!quoted) return h("span", { class: "quote" }, h("span", {}, quoted === null ? "…" : "A message that is no longer here"));
  const who = quoted.sender_id === state.me.id ? "You" : conversation.peer.display_name;
  return h("button", { type: "button", class: "quote", "aria-label": `Show what this answers, by ${who}`, onclick: () => actions.show(quoted) },
    h("b", {}, who), h("span", {}, summaryOf(quoted)));
}

function unsentRow(row, actions) {
  const { item } = row;
  const failed = item.status === "failed";
  const mark = failed ? null : icon("i-clock", { label: item.status === "sending" ? "Sending" : "Waiting for the connection", className: "tick" });
  const meta = h("span", { class: "meta" }, h("time", {}, timeOf(item.createdAt)), mark);
  const words = [mediaOf(item.attachments), item.text];
  const element = bubble(row, [h("span", { class: "visually-hidden" }, "You: "), ...words, meta], failed ? "failed" : "unsent");
  if (failed) element.append(refusalLine(item, actions));
  return element;
}

function refusalLine({ clientId, error }, actions) {
  const button = (text, action) => h("button", { type: "button", class: "link", onclick: action }, text);
  return h("div", { class: "refusal", role: "alert" },
    icon("i-alert"),
    h("span", { title: error.traceId ? `Trace id ${error.traceId}` : null }, `Not sent. ${error.detail}`),
    error.code === "insufficient_credits" ? button("Buy credits", actions.buy) : null,
    error.code === "client_id_conflict" ? null : button("Try again", () => actions.retry(clientId)),
    button("Delete", () => actions.discard(clientId)));
}

function bubble(row, content, extra = "", more = null) {
  const said = h("div", { class: "bubble", dir: "auto" }, ...content);
  return h("div", { class: classesOf(row, extra) }, more ? h("div", { class: "bubble-line" }, said, more) : said);
}

function classesOf(row, extra = "") {
  const classes = ["message", row.mine ? "mine" : "theirs", row.first && "first", row.last && "last", extra];
  return classes.filter(Boolean).join(" ");
}

function typingRow(conversation) {
  return h("div", { class: "message theirs first last" },
    h("div", { class: "bubble typing", "aria-label": `${conversation.peer.display_name} is typing` }, h("i"), h("i"), h("i")));
}
