/** The rows of a chat: days, messages, messages on their way, and who is typing. */
import { h, icon } from "./dom.js";
import { dayKey, dayOf, fullTime, timeOf } from "./format.js";
import { state } from "./store.js";
import { ticks } from "./ticks.js";

const SAME_BREATH_MILLISECONDS = 5 * 60_000;

/** What is to be seen of a conversation, top to bottom. `unreadAfter`: the newest number that had
 * been read when the chat was opened, or null. */
export function rowsOf(conversation, unreadAfter) {
  const rows = [];
  let day = null;
  let previous = null;
  let marked = unreadAfter === null;
  for (const one of [...conversation.messages.map(fromMessage), ...unsentOf(conversation)]) {
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
  const seen = !row.mine ? "" : row.seq <= conversation.peer_read_seq ? "read" : row.seq <= conversation.peer_delivered_seq;
  return `${row.seq} ${seen} ${row.first} ${row.last}`;
}

/** `actions`: retry(clientId), discard(clientId), buy(). */
export function buildRow(row, conversation, actions) {
  if (row.kind === "day") return h("div", { class: "day" }, h("span", {}, dayOf(row.at)));
  if (row.kind === "unread") return h("div", { class: "day new" }, h("span", {}, "New messages"));
  if (row.kind === "typing") return typingRow(conversation);
  return row.kind === "message" ? messageRow(row, conversation) : unsentRow(row, actions);
}

/** Move the ticks and the corners of a message that stands there already; its text stays as it is,
 * so that a selection survives and no screen reader reads it twice. */
export function updateRow(element, row, conversation) {
  if (row.kind !== "message" || !element.matches(".message:not(.unsent, .failed)")) return false;
  element.className = classesOf(row);
  element.querySelector(".tick")?.replaceWith(ticks(conversation, row.message.seq));
  return true;
}

function messageRow(row, conversation) {
  const { message, mine } = row;
  const who = mine ? "You" : conversation.peer.display_name;
  const meta = h("span", { class: "meta" },
    h("time", { datetime: message.created_at, title: `${fullTime(message.created_at)}${mine ? `, ${message.price} credits` : ""}` }, timeOf(message.created_at)),
    mine ? ticks(conversation, message.seq) : null);
  return bubble(row, [h("span", { class: "visually-hidden" }, `${who}: `), message.text, meta]);
}

function unsentRow(row, actions) {
  const { item } = row;
  const failed = item.status === "failed";
  const mark = failed ? null : icon("i-clock", { label: item.status === "sending" ? "Sending" : "Waiting for the connection", className: "tick" });
  const meta = h("span", { class: "meta" }, h("time", {}, timeOf(item.createdAt)), mark);
  const element = bubble(row, [h("span", { class: "visually-hidden" }, "You: "), item.text, meta], failed ? "failed" : "unsent");
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

function bubble(row, content, extra = "") {
  return h("div", { class: classesOf(row, extra) }, h("p", { class: "bubble", dir: "auto" }, ...content));
}

function classesOf(row, extra = "") {
  const classes = ["message", row.mine ? "mine" : "theirs", row.first && "first", row.last && "last", extra];
  return classes.filter(Boolean).join(" ");
}

function typingRow(conversation) {
  return h("div", { class: "message theirs first last" },
    h("p", { class: "bubble typing", "aria-label": `${conversation.peer.display_name} is typing` }, h("i"), h("i"), h("i")));
}
