/** What the client knows, and who wants to hear when it changes. */

function emptyState() {
  return {
    me: null,
    wallet: null, // {balance, held, available, debt, frozen}
    prices: {}, // credits by kind of message
    limits: {
      message_text_characters_max: 5000,
      message_attachments_max: 10,
      message_edit_minutes: 0,
      message_delete_minutes: 0,
      typing_interval_seconds: 3,
      typing_expiry_seconds: 6,
    },
    connection: { status: "ended", code: null, retryAt: null },
    blocked: new Map(), // user id -> display name
    conversations: new Map(), // id -> as the API has it, see chat.js for what is added
    presence: new Map(), // user id -> {status, last_seen}, see presence.js
    mode: "auto", // as what one wishes to be seen
    unsent: [], // see outbox.js
    notifications: [], // newest first, as the API has them
    moreNotifications: null, // where older ones are
    unreadNotifications: 0,
    call: null, // the one of this window, see calls.js
    elsewhere: null, // {call, peer}: one that goes on on another device of theirs
  };
}

const listeners = new Map();
let due = null;

export const state = emptyState();

/** Hear of a topic: `me`, `wallet`, `prices`, `connection`, `blocked`, `conversations`, `presence`, `mode`, `unsent`,
 * `tray`, `notifications`, `unreadNotifications`, `call`, `elsewhere`, `calls` (the history), or `conversation:<id>`. Called
 * once, however often it changed in one turn. */
export function on(topic, listener) {
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(listener);
  return () => listeners.get(topic).delete(listener);
}

export function changed(...topics) {
  if (!due) {
    due = new Set();
    queueMicrotask(tell);
  }
  topics.forEach((topic) => due.add(topic));
}

export function set(values) {
  Object.assign(state, values);
  changed(...Object.keys(values));
}

export function reset() {
  set(emptyState());
}

function tell() {
  const topics = due;
  due = null;
  for (const topic of topics) {
    for (const listener of listeners.get(topic) || []) listener();
  }
}
